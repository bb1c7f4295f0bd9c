// The classic script: `<script src="https://<hub>/link.js"></script>` puts `linkCRM` on the window.
import { linkCRM } from "./link";
import { LinkError } from "./types";

declare global {
  interface Window {
    linkCRM: typeof linkCRM & { LinkError: typeof LinkError };
  }
}

window.linkCRM = Object.assign(linkCRM, { LinkError });
