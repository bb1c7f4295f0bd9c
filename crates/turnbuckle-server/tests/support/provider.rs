//! Providers that only tests have: they let end users in, and have nothing to read.

use turnbuckle_connectors::auth::{AuthScheme, ClientAuth, Field, OAuth2, Prompt};
use turnbuckle_connectors::connector::{Connector, ProviderDescriptor};
use turnbuckle_connectors::native::Native;
use turnbuckle_connectors::registry::Registry;

/// End users consent here, at the address that a test serves.
pub const OAUTH: &str = "consenting";
/// End users name the host that they consent at.
pub const OF_SHOP: &str = "of-shop";
/// End users type a key.
pub const KEYED: &str = "keyed";

struct Provider(&'static ProviderDescriptor);

impl Connector for Provider {
    fn descriptor(&self) -> &'static ProviderDescriptor {
        self.0
    }
}

const SHOP: Prompt = Prompt {
    fields: &[Field {
        name: "shop",
        label: "Your shop",
        suffix: Some(".crm.example"),
        secret: false,
    }],
    instructions: None,
};

const KEY: Prompt = Prompt {
    fields: &[Field { name: "api_key", label: "API key", suffix: None, secret: true }],
    instructions: Some("It is in your profile."),
};

const SHOPS: OAuth2 = OAuth2 {
    authorize_url: "https://{shop}.crm.example/authorize",
    token_url: "https://{shop}.crm.example/token",
    revoke_url: None,
    scopes: &[],
    parameters: &[],
    client_auth: ClientAuth::Basic,
    prompt: Some(&SHOP),
};

/// The built-in CRM and three others, of which [`OAUTH`] is at `url`: `/authorize`, `/token` and
/// `/revoke`.
pub fn connectors(url: &str) -> Registry {
    let address = |path: &str| -> &'static str { format!("{url}{path}").leak() };
    let consenting = OAuth2 {
        authorize_url: address("/authorize"),
        token_url: address("/token"),
        revoke_url: Some(address("/revoke")),
        scopes: &["records", "offline"],
        parameters: &[],
        client_auth: ClientAuth::Form,
        prompt: None,
    };
    let consenting = AuthScheme::OAuth2(Box::leak(Box::new(consenting)));
    let all: Vec<&'static dyn Connector> = vec![
        &Native,
        provider(OAUTH, "Consenting CRM", consenting),
        provider(OF_SHOP, "CRM of shops", AuthScheme::OAuth2(&SHOPS)),
        provider(KEYED, "Keyed CRM", AuthScheme::Fields(&KEY)),
    ];
    Registry::of(all.leak())
}

fn provider(slug: &'static str, name: &'static str, auth: AuthScheme) -> &'static dyn Connector {
    Box::leak(Box::new(Provider(Box::leak(Box::new(ProviderDescriptor {
        slug,
        display_name: name,
        short_description: "There for a test.",
        auth,
        is_native: false,
        capabilities: &[],
    })))))
}
