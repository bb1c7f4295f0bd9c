// The classic script: `<script src="https://<hub>/link.js"></script>` puts `linkCRM` on the window.
import { linkCRM } from "./link.ts";
import { LinkError } from "./types.ts";

declare global {
  interface Window {
    linkCRM: typeof linkCRM & { LinkError: typeof LinkError };
  }
}

window.linkCRM = Object.assign(linkCRM, { LinkError });
