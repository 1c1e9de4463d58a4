// Keys, and answers without loading the whole page again. Everything works without this, by clicks.
"use strict";
(() => {
  const KEYS_OFF = "targen-keys-off";
  let shownAt = performance.now();
  let away = 0;
  let leftAt = null;
  let busy = false;
  let timer = null;

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

  function arrived() {
    shownAt = performance.now();
    away = 0;
    leftAt = document.hidden ? shownAt : null;
    const box = one("#keys-off");
    if (box) box.checked = keysOff();
    const first = one("[autofocus]") || one("main h1");
    if (first) first.focus({ preventScroll: true });
    if (first && first.setSelectionRange) first.setSelectionRange(0, 0);
  }

  function seconds() {
    const out = away + (leftAt === null ? 0 : performance.now() - leftAt);
    return ((performance.now() - shownAt - out) / 1000).toFixed(1);
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
        "The server does not answer, so this was not saved. Type the command again, " +
          "and open the link that it prints: what was saved before is there.",
      );
    } finally {
      busy = false;
    }
  }

  function send(form, button) {
    const data = new URLSearchParams(new FormData(form, button));
    if (data.has("seconds")) data.set("seconds", seconds());
    return ask(form.action, { method: "POST", body: data }, true);
  }

  async function go(url) {
    const edit = one("#edit");
    if (edit && [...edit.elements].some((e) => e.value !== e.defaultValue && e.type === "textarea")) {
      trouble("Save the texts or cancel first.");
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
    if (form.method === "get") go(`${form.action}?${new URLSearchParams(new FormData(form))}`);
    else send(form, event.submitter);
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
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
    const writing = target.matches("textarea, input:not([type=checkbox]), select");
    if (one("dialog[open]")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && writing) {
      event.preventDefault();
      target.form.requestSubmit(target.id === "comment" ? one("#save-comment") : undefined);
      return;
    }
    if (event.key === "Escape") {
      const out = one("[data-escape]");
      if (out) out.click();
      else if (writing) {
        target.value = target.defaultValue;
        one("main h1").focus();
      }
      return;
    }
    if (writing || event.ctrlKey || event.metaKey || event.altKey || keysOff()) return;
    if (event.key === "Enter" && target.matches("a, button, summary")) return;
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
    else if (hit.matches("input, textarea")) {
      hit.focus();
      if (hit.matches("input")) hit.select();
    } else hit.click();
  });

  document.addEventListener("input", (event) => {
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

  // What is still being worked out says how far it is, until it is there.
  setInterval(() => {
    if (document.hidden) return;
    document.querySelectorAll("[data-poll]").forEach(async (waiting) => {
      try {
        const answer = await fetch(waiting.dataset.poll);
        if (!answer.ok || !waiting.isConnected) return;
        waiting.innerHTML = await answer.text();
        const done = one("[data-done]", waiting);
        if (!done) return;
        waiting.removeAttribute("data-poll");
        said(done.dataset.done);
      } catch {
        // asked again in a moment
      }
    });
  }, 2000);

  document.addEventListener("change", (event) => {
    if (event.target.id !== "keys-off") return;
    try {
      localStorage.setItem(KEYS_OFF, event.target.checked ? "1" : "0");
    } catch {
      // without storage, until the page goes
    }
  });

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leftAt = performance.now();
    else if (leftAt !== null) {
      away += performance.now() - leftAt;
      leftAt = null;
    }
  });
  window.addEventListener("popstate", () => ask(location.href, {}, false));
  arrived();
})();
