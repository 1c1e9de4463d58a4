const root = document.documentElement;
const plots = JSON.parse(document.getElementById("plots").textContent);
const wish = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 36rem)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wish.matches);

// A table of cells is as wide as it should be, which a phone is not.
function fitted(spec, place) {
  if (!narrow.matches || typeof spec.width !== "number") return spec;
  const columns = new Set(spec.data.values.map((mark) => mark[spec.encoding.x.title])).size;
  return { ...spec, width: Math.min(spec.width, Math.max(38 * columns, place.clientWidth - 190)) };
}

function draw() {
  const shade = dark() ? "dark" : "light";
  root.dataset.drawn = shade;
  const theme = plots.themes[shade];
  // On a phone long names of rows leave no place for what they name.
  const config = narrow.matches ? { ...theme, axis: { ...theme.axis, labelLimit: 120 } } : theme;
  for (const [id, spec] of Object.entries(plots.specifications)) {
    const place = document.getElementById(id);
    vegaEmbed(place, fitted(spec, place), {
      config,
      mode: "vega-lite",
      renderer: "svg",
      ast: true, // expressions are interpreted: the page's policy allows no code from strings
      defaultStyle: false, // page.css has it, as the policy admits the page's own style alone
      tooltip: { theme: shade, disableDefaultStyle: true },
      forceActionsMenu: true, // otherwise the links to save it cover the picture
      actions: { export: true, source: false, compiled: false, editor: false },
    })
      .then(() => {
        place.querySelector("summary").ariaLabel = "Save this picture";
      })
      .catch((error) => {
        place.textContent = `This picture cannot be drawn: ${error.message}`;
      });
  }
}

document.getElementById("shade").addEventListener("click", () => {
  root.dataset.theme = dark() ? "light" : "dark";
  draw();
});
wish.addEventListener("change", draw);
narrow.addEventListener("change", draw);
draw();
