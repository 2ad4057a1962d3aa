"""What everybody needs of a page: names for what is operated, contrast for what is read, room for what is tapped."""

from __future__ import annotations

from playwright.sync_api import Page

LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3; large or bold large text 3
LEAST_TARGET_PX = 24  # WCAG 2.2, 2.5.8; links within a sentence are exempt

_FIND = """
([leastContrast, leastTarget]) => {
  const found = [];
  const said = (e) => {
    const text = (e.textContent || '').trim().slice(0, 40);
    return `${e.tagName.toLowerCase()}.${e.getAttribute('class') || ''} “${text}”`;
  };
  const isShown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('[inert]');
  const colour = (text) => {
    const canvas = colour.canvas ||= Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = text; pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const behind = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const back = colour(getComputedStyle(at).backgroundColor);
      layers.push(back);
      if (back[3] === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  };
  for (const e of document.querySelectorAll('body *')) {
    if (!isShown(e) || e.closest('[aria-hidden=true]') || e.closest('.picture, .film, .screen, .canvas')) continue;
    const hasText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!hasText || e.closest(':disabled')) continue;
    const style = getComputedStyle(e);
    const isSvg = e instanceof SVGElement;
    const under = behind(isSvg ? e.closest('svg').parentElement : e);
    const shown = over(colour(isSvg ? style.fill : style.color), under);
    const px = parseFloat(style.fontSize), isLarge = px >= 24 || (px >= 18.66 && style.fontWeight >= 700);
    const ratio = contrast(shown, under);
    if (ratio < (isLarge ? 3 : leastContrast)) found.push(`contrast ${ratio.toFixed(2)}: ${said(e)}`);
  }
  const operated = 'a[href], button, input, select, textarea, summary, [role=slider], [role=application]';
  for (const e of document.querySelectorAll(operated)) {
    if (!isShown(e)) continue;
    const labels = e.labels ? [...e.labels].map((l) => l.textContent).join(' ') : '';
    const name = e.getAttribute('aria-label') || labels || e.textContent || e.getAttribute('title') || '';
    const pictures = [...e.querySelectorAll('img[alt]')].map((i) => i.alt).join('');
    if (!(name.trim() || pictures)) found.push(`no name: ${said(e)} ${e.outerHTML.slice(0, 90)}`);
    if (e.matches('[role]') && e.tabIndex < 0) found.push(`out of the keyboard's reach: ${said(e)}`);
    if (e.closest('[aria-hidden=true]')) found.push(`hidden but operable: ${said(e)}`);
    const label = e.closest('label');
    const { width, height } = (label && e.matches('input') ? label : e).getBoundingClientRect();
    const isInline = getComputedStyle(e).display.startsWith('inline') && e.closest('p, li, small, .crumb');
    if (width && !isInline && !e.matches('.skip') && (width < leastTarget || height < leastTarget))
      found.push(`small target ${Math.round(width)}x${Math.round(height)}: ${said(e)}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((each) => each === id).length > 1) found.push(`two ids: ${id}`);
  for (const e of document.querySelectorAll('fieldset:not(:has(legend))')) found.push(`no legend: ${said(e)}`);
  for (const e of document.querySelectorAll('svg:not([aria-hidden=true], [aria-label])'))
    if (isShown(e)) found.push('svg without a name');
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  if (document.documentElement.scrollWidth > innerWidth) found.push('wider than the window');
  return found;
}
"""


def barriers(page: Page) -> list[str]:
    """What stands in somebody's way on the page as it is shown now, in words; none where all is well."""
    return list(page.evaluate(_FIND, [LEAST_CONTRAST, LEAST_TARGET_PX]))
