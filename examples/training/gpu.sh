#!/bin/sh
# The paper's models on a machine with a GPU: fetch, train, evaluate.
#
#   sh examples/training/gpu.sh SUPERGLUE SYNTHETIC [OUT]
#
# SUPERGLUE: the benchmark's folders (RTE/train.jsonl, RTE/val.jsonl, ...).
# SYNTHETIC: a folder with a run of targen for each task (rte, cb, copa, wic, ...).
#
# Single-task: each model x task x Og, Syn, Og-I, Syn-I x seed (table 6). Multi-task:
# T5-3B, Llama-2-7B and Mistral-7B with LoRA on all tasks at once (table 4). What is done
# already is left alone, what was killed goes on. Narrow it down by the environment:
#
#   TASKS="rte cb" SEEDS="0 1" MODELS="FacebookAI/roberta-large" LARGE="" sh ...
#
# The large ones want 40 GB of memory; LARGE_OPTIONS="-o lora=8 -o quantize=4bit" is QLoRA.
set -eu
case ${1:-} in '' | -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;; esac
superglue=$1 synthetic=$2 out=${3:-models/paper}
tasks=${TASKS:-rte cb copa wic boolq wsc}
seeds=${SEEDS:-0 1 2 3 4}
models=${MODELS-FacebookAI/roberta-large EleutherAI/pythia-410m cerebras/Cerebras-GPT-590M google/flan-t5-large google-t5/t5-large}
large=${LARGE-google-t5/t5-3b meta-llama/Llama-2-7b-hf mistralai/Mistral-7B-v0.1}
large_options=${LARGE_OPTIONS:--o lora=8 -o gradient_checkpointing=true}

folder_of() { # the benchmark's name of a task's folder
    case $1 in
    boolq) echo BoolQ ;; wic) echo WiC ;; *) echo "$1" | tr '[:lower:]' '[:upper:]' ;;
    esac
}

echo "fetches, where they are not here yet: $models $large"
for model in $models $large; do
    hf download "$model" --quiet --include '*.json' '*.safetensors' '*.model' '*.txt' >/dev/null
done

fit() { # a model's folder, then what targen train is given
    folder=$1
    shift
    [ -f "$folder/model.json" ] || targen train "$@" --out "$folder"
}

judge() { # a model's folder, a task
    result=$1/$2.result.json
    [ -f "$result" ] && return
    targen evaluate "$1" "$superglue/$(folder_of "$2")/val.jsonl" --task "$2" --json >"$result.part"
    mv "$result.part" "$result"
}

for model in $models; do
    for task in $tasks; do
        for style in plain instructions; do
            for seed in $seeds; do
                for data in og syn; do
                    source=$synthetic/$task
                    [ $data = syn ] || source=$task=$superglue/$(folder_of "$task")/train.jsonl
                    folder=$out/$(basename "$model")-$task-$data-$style-$seed
                    fit "$folder" "$source" --model "$model" --style $style --seed "$seed"
                    judge "$folder" "$task"
                done
            done
        done
    done
done

for model in $large; do
    for data in og syn; do
        set --
        for task in $tasks; do
            source=$synthetic/$task
            [ $data = syn ] || source=$task=$superglue/$(folder_of "$task")/train.jsonl
            set -- "$@" "$source"
        done
        folder=$out/$(basename "$model")-all-$data
        # Appendix C: batch 1, one epoch.
        # shellcheck disable=SC2086
        fit "$folder" "$@" --model "$model" -o batch=1 -o epochs=1 $large_options
        for task in $tasks; do judge "$folder" "$task"; done
    done
done
