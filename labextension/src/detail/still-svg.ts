/**
 * SVG of an untrusted output, drawn all the same: in an `<img>`, where a browser runs no script and fetches nothing.
 *
 * JupyterLab's own renderer draws it in an `<img>` too, but only when trusted; a recorded plot would be a line of text.
 */
import { type IRenderMime, type IRenderMimeRegistry, RenderedSVG, renderSVG } from '@jupyterlab/rendermime';

const MIME = 'image/svg+xml';

class StillSvg extends RenderedSVG {
  render(model: IRenderMime.IMimeModel): Promise<void> {
    const metadata = model.metadata[MIME] as { unconfined?: boolean } | undefined;
    return renderSVG({
      host: this.node,
      source: String(model.data[MIME] ?? ''),
      trusted: true,
      unconfined: metadata?.unconfined,
      translator: this.translator
    });
  }
}

const made = new WeakMap<IRenderMimeRegistry, IRenderMimeRegistry>();

/** The same renderers, but for SVG. */
export function withStillSvg(rendermime: IRenderMimeRegistry): IRenderMimeRegistry {
  const known = made.get(rendermime);
  if (known) {
    return known;
  }
  const clone = rendermime.clone();
  clone.addFactory({ safe: true, mimeTypes: [MIME], createRenderer: options => new StillSvg(options) }, clone.getRank(MIME) ?? 80);
  made.set(rendermime, clone);
  return clone;
}
