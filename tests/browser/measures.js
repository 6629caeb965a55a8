// What a reader sees of a page, as numbers. Each function is called from outside and returns plain values;
// a list names what is wrong, so an empty list is good news.
(() => {
  // ---- Text that can be seen ----

  const seen = (element) =>
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true, contentVisibilityAuto: true });

  const hidden_visually = (box) => box.width <= 1.5 || box.height <= 1.5; // text for screen readers alone

  function texts() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("script, style, title, desc, metadata, defs")) continue;
      if (!seen(element) || hidden_visually(clip_of(element))) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
      if (boxes.length) found.push({ node, element, boxes });
    }
    return found;
  }

  // The smallest box that an ancestor cuts the element to, as the usual class for screen readers does.
  function clip_of(element) {
    let smallest = { width: Infinity, height: Infinity };
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      if (one instanceof SVGElement || getComputedStyle(one).overflow === "visible") continue;
      const box = one.getBoundingClientRect();
      if (box.width * box.height < smallest.width * smallest.height) smallest = box;
    }
    return smallest;
  }

  const brief = (text) => {
    const whole = text.trim().replace(/\s+/g, " ");
    return whole.length > 40 ? `${whole.slice(0, 39)}…` : whole;
  };
  const words = (text) => brief([...text.childNodes].filter((one) => one.nodeName !== "title").map((one) => one.textContent).join(""));
  const rounded = (number) => Math.round(number * 100) / 100;

  // ---- Colours: [red, green, blue, alpha], the first three 0 … 255 ----

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();

  function colour(css) {
    if (!known.has(css)) {
      const plain = css.match(/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/);
      if (plain) {
        known.set(css, [+plain[1], +plain[2], +plain[3], plain[4] === undefined ? 1 : +plain[4]]);
      } else {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = css;
        pen.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
        known.set(css, [red, green, blue, alpha / 255]);
      }
    }
    return known.get(css);
  }

  const faded = ([red, green, blue, alpha], share) => [red, green, blue, alpha * share];
  const over = (top, below) => [...[0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])), 1];

  // Relative luminance and contrast as WCAG 2 defines them.
  function luminance(of) {
    const [red, green, blue] = of.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function contrast_of(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  function ancestors(element) {
    const path = [];
    for (let one = element; one; one = one.parentElement) path.unshift(one);
    return path;
  }

  const opacity_of = (element) =>
    ancestors(element).reduce((product, one) => product * +getComputedStyle(one).opacity, 1);

  // What the browser paints where a page paints nothing; the printer has white paper.
  function paper() {
    if (matchMedia("print").matches) return [255, 255, 255, 1];
    const sheet = document.createElement("div");
    sheet.style.backgroundColor = "Canvas";
    document.documentElement.append(sheet);
    const found = colour(getComputedStyle(sheet).backgroundColor);
    sheet.remove();
    return found;
  }

  // The colours behind an element: one, or as many as the gradients on the way have stops.
  function grounds(element) {
    let behind = [paper()];
    for (const one of ancestors(element)) {
      const style = getComputedStyle(one);
      if (one instanceof SVGElement && !(one instanceof SVGSVGElement)) continue;
      const flat = colour(style.backgroundColor);
      behind = behind.map((below) => over(flat, below));
      const stops = style.backgroundImage.match(/(?:rgba?|color|oklch|oklab|hsla?|lab|lch)\([^()]*\)/g) || [];
      behind = behind.concat(stops.flatMap((stop) => behind.map((below) => over(colour(stop), below))));
    }
    return behind;
  }

  // The colours behind a text of a figure: shapes drawn before it, at points along its middle.
  function grounds_in_figure(text) {
    const figure = text.ownerSVGElement;
    const style = getComputedStyle(text);
    const halo = parseFloat(style.strokeWidth) >= 1.5 && style.paintOrder.startsWith("stroke") && style.stroke !== "none";
    if (halo) return [colour(style.stroke)];
    const outer = ancestors(text).find((one) => one instanceof SVGSVGElement);
    const base = grounds(outer);
    const box = text.getBoundingClientRect();
    const points = [0.04, 0.27, 0.5, 0.73, 0.96].map((share) => new DOMPoint(box.left + share * box.width, (box.top + box.bottom) / 2));
    return points.flatMap((point) => {
      let behind = base;
      for (const shape of outer.querySelectorAll("rect, circle, ellipse, path, polygon, polyline, line")) {
        if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
        const reach = shape.getBoundingClientRect();
        if (point.x < reach.left - 3 || point.x > reach.right + 3 || point.y < reach.top - 3 || point.y > reach.bottom + 3) continue;
        if (shape.closest("defs, clipPath, mask, symbol, pattern, marker") || !seen(shape)) continue;
        const painted = paint_at(shape, point);
        behind = painted.reduce((below, paint) => below.map((one) => over(paint, one)), behind);
      }
      return behind;
    });
  }

  function paint_at(shape, point) {
    const style = getComputedStyle(shape);
    const own = point.matrixTransform(shape.getScreenCTM().inverse());
    const whole = opacity_of(shape);
    const paints = [];
    if (/^(rgb|color)/.test(style.fill) && shape.isPointInFill(own)) paints.push(faded(colour(style.fill), whole * +style.fillOpacity));
    if (/^(rgb|color)/.test(style.stroke) && shape.isPointInStroke(own)) paints.push(faded(colour(style.stroke), whole * +style.strokeOpacity));
    return paints;
  }

  function scale_of(element) {
    const matrix = element instanceof SVGGraphicsElement ? element.getScreenCTM() : null;
    return matrix ? Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c)) : 1;
  }

  function is_large(style, scale) {
    const size = parseFloat(style.fontSize) * scale;
    return size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
  }

  // Texts whose contrast with what is behind them is below 4.5 (3 for large ones), the worst first.
  function low_contrast() {
    const low = new Map();
    for (const { node, element } of texts()) {
      const style = getComputedStyle(element);
      const drawn = element instanceof SVGElement;
      const text = drawn ? element.closest("text") || element : element;
      const ink = faded(colour(drawn ? style.fill : style.color), opacity_of(element) * (drawn ? +style.fillOpacity : 1));
      const behind = drawn ? grounds_in_figure(text) : grounds(element);
      const worst = Math.min(...behind.map((ground) => contrast_of(over(ink, ground), ground)));
      const limit = is_large(style, scale_of(element)) ? 3 : 4.5;
      if (worst < limit) low.set(`${rounded(worst)} < ${limit}: ${brief(node.data)}`, worst);
    }
    return [...low.keys()].sort((a, b) => low.get(a) - low.get(b));
  }

  // ---- Places ----

  const contents = () => [...document.querySelectorAll("svg[role=img]")];
  const named = (figure) => brief(figure.getAttribute("aria-label") || figure.querySelector("title")?.textContent || "a figure");
  const labels = (figure) => [...figure.querySelectorAll("text")].filter((text) => words(text) && seen(text));

  // Elements that reach beyond the page's width, if anything makes the page scroll sideways.
  function wider_than_page() {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (one) => one && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
    const wide = [...document.body.querySelectorAll("*")].filter(
      (one) => one.getBoundingClientRect().right > width + 1 && !(one.closest("svg") && one.localName !== "svg") && !scrolls(one.parentElement),
    );
    return [`${document.documentElement.scrollWidth} > ${width}`, ...wide.slice(0, 8).map((one) => `${one.localName}.${one.className.baseVal ?? one.className}: ${brief(one.textContent)}`)];
  }

  // Text that is cut off at the edge of its box.
  const cut_off = () =>
    [...document.body.querySelectorAll("*")]
      .filter((one) => !(one instanceof SVGElement) && seen(one) && one.textContent.trim())
      .filter((one) => ["hidden", "clip"].includes(getComputedStyle(one).overflowX) && !hidden_visually(one.getBoundingClientRect()))
      .filter((one) => one.scrollWidth > one.clientWidth + 1)
      .map((one) => `${one.localName}: ${brief(one.textContent)}`);

  // Figures that are empty or reach beyond what is visible around them.
  const misplaced_figures = () =>
    contents().flatMap((figure) => {
      const box = figure.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) return [`${named(figure)}: ${rounded(box.width)} × ${rounded(box.height)}`];
      const right = document.documentElement.clientWidth;
      const inside = box.left >= -0.5 && box.right <= right + 0.5;
      return inside ? [] : [`${named(figure)}: ${rounded(box.left)} … ${rounded(box.right)} of ${right}`];
    });

  // Texts of figures that reach beyond their figure by more than 2 px.
  const text_outside_figures = () =>
    contents().flatMap((figure) => {
      const around = figure.getBoundingClientRect();
      return labels(figure).flatMap((text) => {
        const box = text.getBoundingClientRect();
        const beyond = Math.max(around.left - box.left, box.right - around.right, around.top - box.top, box.bottom - around.bottom);
        return beyond > 2 ? [`${named(figure)}: ${words(text)} by ${rounded(beyond)} px`] : [];
      });
    });

  // Texts of figures smaller than `least` CSS pixels on this screen.
  function small_text(least) {
    const small = contents().flatMap((figure) =>
      labels(figure).flatMap((text) => {
        const size = parseFloat(getComputedStyle(text).fontSize) * scale_of(text);
        return size < least - 0.05 ? [`${rounded(size)} px: ${named(figure)}: ${words(text)}`] : [];
      }),
    );
    return small.sort((a, b) => parseFloat(a) - parseFloat(b));
  }

  // The corners of a text as drawn, so that a slanted text is not taken for its upright box.
  function corners(text) {
    const box = text.getBBox();
    const matrix = text.getScreenCTM();
    return [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, down]) =>
      new DOMPoint(box.x + right * box.width, box.y + down * box.height).matrixTransform(matrix),
    );
  }

  const area = (shape) =>
    Math.abs(shape.reduce((sum, a, i) => sum + a.x * shape[(i + 1) % shape.length].y - shape[(i + 1) % shape.length].x * a.y, 0)) / 2;

  // Sutherland & Hodgman (1974): cut a shape by every side of a convex one.
  function common(shape, cutter) {
    const turn = (a, b, p) => (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
    const sign = Math.sign(turn(cutter[0], cutter[1], cutter[2])) || 1;
    return cutter.reduce((left, a, i) => {
      const b = cutter[(i + 1) % cutter.length];
      return left.flatMap((p, j) => {
        const q = left[(j + 1) % left.length];
        const [at_p, at_q] = [sign * turn(a, b, p), sign * turn(a, b, q)];
        const share = at_p / (at_p - at_q);
        const crossing = { x: p.x + share * (q.x - p.x), y: p.y + share * (q.y - p.y) };
        return [...(at_p >= 0 ? [p] : []), ...(at_p * at_q < 0 ? [crossing] : [])];
      });
    }, shape);
  }

  // Pairs of texts in a figure that cover more than `most` of the smaller one.
  const overlapping_text = (most) =>
    contents().flatMap((figure) => {
      const shapes = labels(figure).map((text) => ({ text, shape: corners(text) }));
      return shapes.flatMap(({ text, shape }, i) =>
        shapes.slice(i + 1).flatMap(({ text: other, shape: other_shape }) => {
          const share = area(common(shape, other_shape)) / Math.max(1e-9, Math.min(area(shape), area(other_shape)));
          return share > most ? [`${named(figure)}: ${words(text)} | ${words(other)} by ${rounded(100 * share)} %`] : [];
        }),
      );
    });

  // ---- Structure ----

  // What the keyboard should reach, numbered in the document's order; and what has the focus, with its outline.
  const reachable = () => [...document.querySelectorAll("a[href], summary, button, input, select, textarea, [tabindex='0']")].filter(seen);

  function focused() {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return { number: reachable().indexOf(one), what: `${one.localName}: ${brief(one.textContent)}`, visible: ring || style.boxShadow !== "none" };
  }

  return {
    low_contrast,
    wider_than_page,
    cut_off,
    misplaced_figures,
    text_outside_figures,
    small_text,
    overlapping_text,
    focused,
    n_reachable: () => reachable().length,
    open_details: () => document.querySelectorAll("details:not([open])").forEach((one) => { one.open = one.was_closed = true; }),
    close_details: () => document.querySelectorAll("details").forEach((one) => { if (one.was_closed) one.open = false; }),
    // How light the page's ground is, 0 (black) to 1 (white), where it is lightest and darkest.
    ground: () => { const all = grounds(document.body).map(luminance); return [Math.min(...all), Math.max(...all)]; },
    visible_text: () => texts().map(({ node }) => node.data).join("\n"),
    unseen_details: () => [...document.querySelectorAll("details > :not(summary)")].filter((one) => one.textContent.trim() && !one.checkVisibility()).map((one) => brief(one.textContent)),
    load_time: () => performance.getEntriesByType("navigation")[0].loadEventEnd,
    resources: () => performance.getEntriesByType("resource").map((one) => one.name),
  };
})()
