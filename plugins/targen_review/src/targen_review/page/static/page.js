// Keys, and answers without loading the whole page again. Everything works without this, by clicks.
"use strict";
(() => {
  const KEYS_OFF = "targen-keys-off";
  let busy = false;
  let timer = null;
  let clean = new Map(); // each form -> what is in it as it came
  let boxes = []; // of texts with marks

  const one = (selector, within = document) => within.querySelector(selector);
  const trouble = (words) => {
    const line = one("#trouble");
    line.textContent = words || "";
    line.hidden = !words;
  };
  const said = (words) => {
    one("#said").textContent = words || "";
  };
  const keysOff = () => {
    try {
      return localStorage.getItem(KEYS_OFF) === "1";
    } catch {
      return false;
    }
  };

  const filled = (form) => new URLSearchParams(new FormData(form)).toString();
  const changed = () => [...clean.keys()].find((form) => filled(form) !== clean.get(form));

  function arrived() {
    boxes = [...document.querySelectorAll("[data-marks]")].map(marksOf);
    clean = new Map([...document.querySelectorAll("#edit, #answer")].map((f) => [f, filled(f)]));
    const box = one("#keys-off");
    if (box) box.checked = keysOff();
    const first = one("main [autofocus]") || one("main h1");
    if (first) first.focus({ preventScroll: true });
    if (first && first.setSelectionRange) first.setSelectionRange(0, 0);
  }

  // One request at a time: a key that comes while one is under way would be for a row not seen.
  async function ask(url, options, push) {
    if (busy) return;
    busy = true;
    said("");
    try {
      const answer = await fetch(url, { ...options, headers: { "X-Page": "1" } });
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      const page = parsed.getElementById("page");
      if (!page) {
        const why = parsed.getElementById("why");
        const lost = options.method === "POST" ? " Nothing was saved." : "";
        trouble(`${why ? why.textContent : "The server refused this."}${lost}`);
        return;
      }
      trouble("");
      one("#page").replaceWith(page);
      said(page.dataset.said);
      const to = answer.headers.get("X-Location") || answer.url;
      if (push && to !== location.href) history.pushState(null, "", to);
      window.scrollTo(0, 0);
      arrived();
    } catch {
      trouble(
        "The server does not answer, so this was not saved. Run the command again, " +
          "and open the link that it prints. Earlier answers are saved.",
      );
    } finally {
      busy = false;
    }
  }

  function send(form, button) {
    const data = new URLSearchParams(new FormData(form, button));
    const comment = one("#comment");
    if (comment && form.id === "answer") data.set("comment", comment.value);
    return ask(form.action, { method: "POST", body: data }, true);
  }

  async function go(url) {
    if (changed()) {
      trouble(changed().dataset.trouble);
      return;
    }
    const comment = one("#comment");
    if (comment && comment.value !== comment.defaultValue) {
      await send(comment.form, one("#save-comment"));
      if (!one("#trouble").hidden) return;
    }
    await ask(url, {}, true);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    event.preventDefault();
    const open = changed();
    if (open && open !== form) trouble(open.dataset.trouble);
    else if (form.method === "get") go(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    else send(form, event.submitter);
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const point = event.target.closest("[data-set]");
    if (point) set(one("input[type=number]", point.closest("fieldset")), point.dataset.set);
    const opener = event.target.closest("[data-opens]");
    if (opener) one(`#${opener.dataset.opens}`).showModal();
    const link = event.target.closest("#page a[href]");
    if (!link || link.origin !== location.origin) return;
    event.preventDefault();
    if (link.hasAttribute("data-escape")) ask(link.href, {}, true);
    else go(link.href);
  });

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const writing = target.matches(
      "textarea, select, input:not([type=checkbox], [type=radio], [type=range])",
    );
    if (one("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && writing) {
      event.preventDefault();
      target.form.requestSubmit(target.id === "comment" ? one("#save-comment") : undefined);
      return;
    }
    if (event.key === "Escape") {
      const written = changed() || one("#edit, .json");
      const out = written && target.id !== "comment" && one("[data-escape]");
      if (out) out.click();
      else if (writing) {
        target.value = target.defaultValue;
        one("main h1").focus();
      }
      return;
    }
    if (writing || event.ctrlKey || event.metaKey || event.altKey || keysOff()) return;
    if (event.key === "Enter" && target.matches("a, button, summary")) return;
    if (event.key.startsWith("Arrow") && target.matches("input, .box")) return;
    let name = event.key;
    if (/^\p{L}$/u.test(name)) {
      name = event.shiftKey ? `Shift+${name.toUpperCase()}` : name.toLowerCase();
    }
    const hit = [...document.querySelectorAll("[data-key]")].find((element) =>
      element.dataset.key.split(" ").includes(name),
    );
    if (!hit) return;
    event.preventDefault();
    if (event.repeat && !name.startsWith("Arrow")) return; // a key held down grades one row
    if (hit.dataset.says) said(hit.dataset.says);
    else if (hit.matches("input:not([type=checkbox], [type=radio]), textarea, .box")) {
      hit.focus();
      if (hit.matches("input")) hit.select();
    } else hit.click();
  });

  // A number has a field and a slider, which say the same.
  function set(field, value) {
    field.value = value;
    one("input[type=range]", field.closest("fieldset")).value = value;
  }

  document.addEventListener("input", (event) => {
    const scale = event.target.closest(".scale");
    if (scale) set(one("input[type=number]", scale), event.target.value);
    const form = event.target.closest("form[data-check]");
    if (!form) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const data = new URLSearchParams(new FormData(form));
      try {
        const answer = await fetch(form.dataset.check, { method: "POST", body: data });
        if (answer.ok && form.isConnected) one("#checks").innerHTML = await answer.text();
      } catch {
        // what cannot be checked now is checked when it is saved
      }
    }, 200);
  });

  document.addEventListener(
    "toggle",
    async (event) => {
      const details = event.target;
      if (!details.dataset.load || !details.open || details.dataset.loaded) return;
      details.dataset.loaded = "1";
      const answer = await fetch(details.dataset.load);
      one(".loaded", details).innerHTML = await answer.text();
    },
    true,
  );

  document.addEventListener("change", (event) => {
    if (event.target.id !== "keys-off") return;
    try {
      localStorage.setItem(KEYS_OFF, event.target.checked ? "1" : "0");
    } catch {
      // without storage, until the page goes
    }
  });

  // A text in which spans are marked. They are counted in characters (code points), as Python counts
  // them, where the browser counts an emoji twice: `before` and `place` go from one to the other.
  function marksOf(control) {
    const { text, odd, overlap } = JSON.parse(control.dataset.marks);
    const letters = [...text];
    const box = one(".box", control);
    const field = one("textarea", control);
    const types = [...control.querySelectorAll("[data-type]")].map((e) => e.dataset.type);
    let spans = JSON.parse(field.value);
    let leaves = [];
    let chosen = null; // the selection, as [start, end]

    const shown = (start, end) =>
      letters.slice(start, end).map((letter, at) => odd[start + at] ?? letter).join("");
    const within = (span, place) => span.start <= place && place < span.end;
    const isChosen = (span) => chosen && span.start === chosen[0] && span.end === chosen[1];
    const byPlace = (a, b) => a.start - b.start || a.end - b.end;

    // Each leaf is a run of text in the same spans; a character that nobody sees is one of its own.
    function draw() {
      const ends = Object.keys(odd).flatMap((at) => [Number(at), Number(at) + 1]);
      const edges = new Set([0, letters.length, ...ends]);
      for (const span of spans) edges.add(span.start).add(span.end);
      const cuts = [...edges].sort((a, b) => a - b);
      leaves = cuts.slice(0, -1).map((start, at) => {
        const over = spans.filter((span) => within(span, start));
        const leaf = document.createElement(over.length ? "mark" : "span");
        leaf.textContent = shown(start, cuts[at + 1]);
        const inner = over.reduce((a, b) => (!a || b.end - b.start < a.end - a.start ? b : a), null);
        if (inner) leaf.className = `t${types.indexOf(inner.type) % 8}`;
        leaf.classList.toggle("several", over.length > 1);
        leaf.classList.toggle("chosen", over.some(isChosen));
        const first = over.filter((span) => span.start === start);
        if (first.length) leaf.dataset.says = first.map((span) => span.type).join(", ");
        if (start in odd) leaf.classList.add("odd");
        return { start, leaf, isOdd: start in odd };
      });
      box.replaceChildren(...leaves.map(({ leaf }) => leaf));
      one(".spans", control).replaceChildren(...[...spans].sort(byPlace).map(listed));
      field.value = JSON.stringify(spans);
    }

    function listed(span) {
      const item = document.createElement("li");
      for (const [words, does] of [
        [`${shown(span.start, span.end)}: ${span.type}`, () => select(span.start, span.end)],
        ["×", () => drop([span])],
      ]) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = words;
        if (words === "×") button.ariaLabel = `Remove ${shown(span.start, span.end)}, ${span.type}`;
        button.addEventListener("click", does);
        item.append(button);
      }
      return item;
    }

    // How many characters are before a place of the browser's.
    function before(node, offset) {
      const range = document.createRange();
      range.setStart(box, 0);
      range.setEnd(node, offset);
      const part = range.cloneContents();
      part.querySelectorAll(".odd").forEach((leaf) => leaf.replaceWith(leaf.textContent && "?"));
      return [...part.textContent].length;
    }

    // The browser's place of a character; behind the one before it, if it ends something.
    function place(at, ends) {
      const { start, leaf, isOdd } = leaves.findLast((each) => each.start <= at - (ends ? 1 : 0));
      if (isOdd) return [leaf.firstChild, at > start ? leaf.textContent.length : 0];
      return [leaf.firstChild, letters.slice(start, at).join("").length];
    }

    function select(start, end) {
      chosen = [start, end];
      draw();
      getSelection().setBaseAndExtent(...place(start, false), ...place(end, true));
    }

    // What the browser has selected in the text, without spaces at its ends.
    function selected() {
      const selection = getSelection();
      if (!selection.rangeCount || selection.isCollapsed) return;
      const range = selection.getRangeAt(0);
      if (!box.contains(range.startContainer) || !box.contains(range.endContainer)) return;
      let start = before(range.startContainer, range.startOffset);
      let end = before(range.endContainer, range.endOffset);
      while (start < end && /\s/u.test(letters[start])) start += 1;
      while (start < end && /\s/u.test(letters[end - 1])) end -= 1;
      if (start < end) chosen = [start, end];
    }

    function drop(gone) {
      if (!gone.length) return said("There is no span to remove here.");
      spans = spans.filter((span) => !gone.includes(span));
      draw();
      said(`${gone.map((span) => shown(span.start, span.end)).join(", ")}: removed`);
    }

    function remove() {
      if (!chosen) return said("Select a span first, with a click or with ↑ and ↓.");
      const exact = spans.filter(isChosen);
      const touched = spans.filter((span) => span.start < chosen[1] && chosen[0] < span.end);
      drop(exact.length ? exact : touched);
    }

    function put(type) {
      if (!chosen) return said("Select words first, with the mouse or with ← and →.");
      const [start, end] = chosen;
      const there = spans.find(isChosen);
      if (there && there.type === type) return drop([there]);
      spans = spans.filter(
        (span) => span !== there && (overlap || span.end <= start || end <= span.start),
      );
      spans.push({ start, end, type, text: letters.slice(start, end).join("") });
      spans.sort(byPlace);
      select(start, end);
      said(`${shown(start, end)}: ${type}`);
    }

    // The words of a text, as [start, end]; languages without spaces have them, too.
    const words = [];
    for (const each of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
      if (!each.isWordLike) continue;
      const start = [...text.slice(0, each.index)].length;
      words.push([start, start + [...each.segment].length]);
    }

    function step(places, forward) {
      const next = forward
        ? places.find(([start]) => !chosen || start >= chosen[1])
        : places.findLast(([, end]) => chosen && end <= chosen[0]);
      if (next) select(...next);
    }

    box.addEventListener("keydown", (event) => {
      const forward = ["ArrowRight", "ArrowDown"].includes(event.key);
      if (!event.key.startsWith("Arrow")) return;
      event.preventDefault();
      if (["ArrowUp", "ArrowDown"].includes(event.key)) {
        return step([...spans].sort(byPlace).map((span) => [span.start, span.end]), forward);
      }
      if (!event.shiftKey) return step(words, forward);
      if (chosen) getSelection().setBaseAndExtent(...place(chosen[0], false), ...place(chosen[1], true));
      const unit = event.ctrlKey || event.altKey ? "word" : "character";
      getSelection().modify("extend", forward ? "forward" : "backward", unit);
    });
    box.addEventListener("click", (event) => {
      const leaf = leaves.find((each) => each.leaf === event.target);
      if (!leaf || !getSelection().isCollapsed) return;
      const over = spans.filter((span) => within(span, leaf.start));
      over.sort((a, b) => a.end - a.start - (b.end - b.start));
      if (over.length) select(over[0].start, over[0].end);
    });
    control.addEventListener("click", (event) => {
      const button = event.target.closest("[data-type], [data-remove]");
      if (!button) return;
      if ("remove" in button.dataset) remove();
      else put(button.dataset.type);
    });
    // A press on a button would take the selection away.
    control.addEventListener("mousedown", (event) => {
      if (event.target.closest("[data-type], [data-remove]")) event.preventDefault();
    });
    draw();
    return { selected };
  }

  document.addEventListener("selectionchange", () => boxes.forEach((box) => box.selected()));
  window.addEventListener("popstate", () => ask(location.href, {}, false));
  arrived();
})();
