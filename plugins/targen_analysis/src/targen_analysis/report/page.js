const root = document.documentElement;
const plots = JSON.parse(document.getElementById("plots").textContent);
const wish = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 36rem)");
const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : wish.matches);

function draw() {
  const shade = dark() ? "dark" : "light";
  root.dataset.drawn = shade;
  const theme = plots.themes[shade];
  // On a phone long names of rows leave no place for what they name.
  const config = narrow.matches ? { ...theme, axis: { ...theme.axis, labelLimit: 120 } } : theme;
  for (const [id, spec] of Object.entries(plots.specifications)) {
    vegaEmbed(document.getElementById(id), spec, {
      config,
      renderer: "svg",
      ast: true, // expressions are interpreted: the page's policy allows no code from strings
      defaultStyle: false, // page.css has it, as the policy admits the page's own style alone
      tooltip: { theme: shade, disableDefaultStyle: true },
      actions: { export: true, source: false, compiled: false, editor: false },
    }).catch((error) => {
      document.getElementById(id).textContent = `This picture cannot be drawn: ${error.message}`;
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
