// Generated from openapi.json by `npm run api`. Do not edit.

export interface paths {
    "/api/v1/bins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the bins of the workspace, oldest first. */
        get: operations["list_bins"];
        put?: never;
        /** Makes a bin. Its URL takes any request, and shows what it took. */
        post: operations["create_bin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bins/{bin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a bin with what it received. */
        delete: operations["delete_bin"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/bins/{bin}/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists what a bin received, newest first. */
        get: operations["list_bin_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/bin/{bin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what a bin received: a page to a browser, which asks for `text/html`, else JSON. Needs
         *     no key.
         */
        get: operations["show_bin"];
        put?: never;
        /**
         * Posts to a bin: the request is kept and answered 200, or with the status wanted. Also takes
         *     `PUT`, `PATCH`, `DELETE` and `OPTIONS`. Needs no key.
         */
        post: operations["post_to_bin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists changes, oldest first. `page.next` is there also at the end: ask with it again later. */
        get: operations["list_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the connections, newest first. */
        get: operations["list_connections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a connection and what is left to map. */
        get: operations["get_connection"];
        /** Creates or updates a connection. Its id is the app's choice. */
        put: operations["put_connection"];
        post?: never;
        /**
         * Deletes a connection with the sources, endpoints and keys that are bound to it.
         * @description Nothing is processed, matched or sent for it any more, and everything that was
         *     stored for it is erased in the background: records of the built-in CRM,
         *     subscriptions, and its events, changes and deliveries in the logs.
         */
        delete: operations["delete_connection"];
        options?: never;
        head?: never;
        /**
         * Changes a connection: a JSON merge patch of what `PUT` takes, where null puts the time zone
         *     back to UTC.
         */
        patch: operations["update_connection"];
        trace?: never;
    };
    "/api/v1/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the connectors with what each can do. */
        get: operations["list_connectors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contexts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the contexts, newest first. */
        get: operations["list_contexts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contexts/{context}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a context. */
        get: operations["get_context"];
        /** Creates or replaces a context. */
        put: operations["put_context"];
        post?: never;
        /** Deletes a context with its connections and everything that was stored for them. */
        delete: operations["delete_context"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform/contexts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a token for the page of a customer, and the context where there is none. */
        post: operations["create_context_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/crm/{connection}/objects/{object}/{record}/mapping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a record in the fields that the app declared. */
        get: operations["get_crm_record"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/crm/{connection}/objects/{object}/mapping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads many records at once. */
        post: operations["get_crm_records"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/crm/{connection}/objects/{object}/events/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invokes an event: finds the records that the user's search finds, or creates, updates or
         *     deletes one as the user mapped it. Nothing comes back where the user lets the event do nothing.
         */
        post: operations["invoke_event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/crm/{connection}/objects/{object}/{record}/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Subscribes to a record: from now on its changes are sent to endpoints of scope `subscriptions`. */
        post: operations["subscribe_to_record"];
        /** Ends a subscription to a record, if there is one. */
        delete: operations["unsubscribe_from_record"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/crm/{connection}/objects/{object}/events/{event}/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Subscribes to the records that a search finds with a payload. Equal payloads are one subscription. */
        post: operations["subscribe_to_search"];
        /**
         * Ends the subscription to a search with this payload, if there is one. The order of the
         *     payload's members does not matter.
         */
        delete: operations["unsubscribe_from_search"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the delivery log, newest first. */
        get: operations["list_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{delivery}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a delivery with its body and its attempts. */
        get: operations["get_delivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{delivery}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a delivery again, with its old id and body and out of order. One that waits to be tried
         *     again is tried at once; one that waits for another about the same record goes on waiting.
         */
        post: operations["resend_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the endpoints of the workspace, newest first. */
        get: operations["list_endpoints"];
        put?: never;
        /** Creates an endpoint. The answer shows its secret, once. */
        post: operations["create_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an endpoint. */
        get: operations["get_endpoint"];
        /**
         * Replaces the settings of an endpoint; what is not given has its default, so a token that is
         *     not given is gone. Secrets stay.
         */
        put: operations["replace_endpoint"];
        post?: never;
        /** Deletes an endpoint. What waits for it is never sent. */
        delete: operations["delete_endpoint"];
        options?: never;
        head?: never;
        /**
         * Changes settings of an endpoint: a JSON merge patch, where null puts a member back to its
         *     default.
         */
        patch: operations["update_endpoint"];
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pauses an endpoint: its messages wait. */
        post: operations["pause_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Resumes an endpoint that was paused or disabled: what waited is sent. */
        post: operations["resume_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends a sample message in the endpoint's format. While the endpoint is paused or disabled it
         *     waits like any other.
         */
        post: operations["test_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes a new secret, shown in this answer only. Until the overlap has passed messages are
         *     signed with both.
         */
        post: operations["rotate_endpoint_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/endpoints/{endpoint}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sends deliveries of a time range again, each with its old id and body, newest first and out
         *     of order.
         */
        post: operations["recover_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/recoveries/{recovery}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far a recovery is. */
        get: operations["get_recovery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the entities of a connection. */
        get: operations["list_entities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities/{entity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an entity with its columns. */
        get: operations["get_entity"];
        /** Adds an entity to the built-in CRM, or columns to one that it has. */
        put: operations["put_entity"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the functions of the workspace, newest first. */
        get: operations["list_functions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a function. */
        get: operations["get_function"];
        /**
         * Saves a function: as its first version or, if the script or its arguments are other
         *     ones than those of the draft, as the next. What is published stays published.
         */
        put: operations["put_function"];
        post?: never;
        /** Deletes a function with its versions and keys. */
        delete: operations["delete_function"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Publishes a version: the production URL runs it from now on. An earlier one rolls back. */
        post: operations["publish_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the versions of a function, newest first. */
        get: operations["list_function_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one version of a function. */
        get: operations["get_function_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/versions/{version}/diff/{to}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what differs between two versions of a function. */
        get: operations["diff_function_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a key to a function, which its URLs show from then on. The others go on opening it. */
        post: operations["create_function_key"];
        /** Ends all keys of a function but the newest. */
        delete: operations["end_function_keys"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/function-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds a key that opens every function of the workspace, and is handed to scripts from then
         *     on. The others go on opening them.
         */
        post: operations["create_workspace_function_key"];
        /** Ends all keys that open every function of the workspace but the newest. */
        delete: operations["end_workspace_function_keys"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/try": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a version on a request and shows what happens inside. What it writes is written. */
        post: operations["try_function"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/calls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Lists the calls of a function by URL, newest first. A call is in the list shortly
         *     after it was answered; trials are not kept.
         */
        get: operations["list_function_calls"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/functions/{function}/calls/{call}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a call with what it logged and asked of the hub. */
        get: operations["get_function_call"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbound-events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the webhook log, newest first. */
        get: operations["list_inbound_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbound-events/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an inbound event as it was received, and how it ended. */
        get: operations["get_inbound_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/inbound-events/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Processes inbound events again, in the order of their intake. */
        post: operations["replay_inbound_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/replays/{replay}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far a replay is. */
        get: operations["get_replay"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the key sets of the workspace, oldest first. */
        get: operations["list_keys"];
        put?: never;
        /** Makes a key set. Its secret is in this answer only. */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key set: requests that start after the answer are refused. */
        delete: operations["delete_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/mapping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers the mapping as it was saved; without objects while there is none. */
        get: operations["get_mapping"];
        /** Saves the mapping of a connection. Its objects must be declared before. */
        put: operations["put_mapping"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/mapping/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows a record as the app would get it, also through a mapping that is not saved. */
        post: operations["preview_mapping"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/oauth-clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the connectors that need an OAuth client, with the one that they have. */
        get: operations["list_oauth_clients"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/oauth-clients/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Says as whom the app is known to a provider. */
        put: operations["put_oauth_client"];
        post?: never;
        /** Forgets an OAuth client. Connections that were authorised with it stay. */
        delete: operations["delete_oauth_client"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers the objects of a connection word for word. */
        get: operations["get_connection_objects"];
        /**
         * Declares the objects of a connection, in place of those it had. A mapping
         *     stays as it is; what it says of fields and events that are gone is not used.
         */
        put: operations["put_connection_objects"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the objects that are declared for the whole workspace. */
        get: operations["list_objects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/objects/{object}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an object that is declared for the whole workspace. */
        get: operations["get_object"];
        /** Declares an object for the whole workspace. */
        put: operations["put_object"];
        post?: never;
        /** Takes an object back for the workspace; connections that declare it keep it. */
        delete: operations["delete_object"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities/{entity}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Creates a record. */
        post: operations["create_record"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities/{entity}/records/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads up to 1,000 records by id. */
        post: operations["batch_records"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities/{entity}/records/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds records, a page at a time. A page may be short and have more. */
        post: operations["search_records"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/connections/{connection}/entities/{entity}/records/{record}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads a record. */
        get: operations["get_record"];
        put?: never;
        post?: never;
        /** Deletes a record for good. */
        delete: operations["delete_record"];
        options?: never;
        head?: never;
        /** Changes the columns that are named; null clears one. */
        patch: operations["update_record"];
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows who has signed in. */
        get: operations["get_session"];
        put?: never;
        /** Signs in. The answer sets the cookie of the session, which lasts seven days. */
        post: operations["begin_session"];
        /** Signs out. */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the CRM webhooks URL. */
        get: operations["get_webhooks_setting"];
        /**
         * Sets the CRM webhooks URL and its token. The endpoint behind it is of format
         *     `universal`, hears of what was subscribed to and takes any 2xx for a success; everything else
         *     about it, such as to insist on 204, is set at `/api/v1/endpoints/{endpoint}`.
         */
        put: operations["put_webhooks_setting"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/webhook-entities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows which entities inbound webhooks may name. */
        get: operations["get_webhook_entities_setting"];
        /** Says which entities inbound webhooks may name. */
        put: operations["put_webhook_entities_setting"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/origins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the website origins. */
        get: operations["get_origins_setting"];
        /** Says which web origins may open Link and call the browser API; none at first. */
        put: operations["put_origins_setting"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/settings/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows for how long logs are kept. */
        get: operations["get_retention_setting"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the sources of the workspace, newest first. */
        get: operations["list_sources"];
        put?: never;
        /** Creates a source with one key. */
        post: operations["create_source"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{source}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a source. */
        get: operations["get_source"];
        /** Replaces the settings of a source. Its keys stay. */
        put: operations["replace_source"];
        post?: never;
        /** Deletes a source: its keys are unknown at once, its events stay in the log. */
        delete: operations["delete_source"];
        options?: never;
        head?: never;
        /** Changes settings of a source: a JSON merge patch, where null resets a member. */
        patch: operations["update_source"];
        trace?: never;
    };
    "/api/v1/sources/{source}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds a key to a source. The others keep working. */
        post: operations["create_source_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{source}/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a key of a source, at once or after a while. */
        delete: operations["delete_source_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources/{source}/try": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows what a source would make of a post. Nothing is stored. */
        post: operations["try_source"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what happened over time: how many events were received, processed and failed, how many
         *     deliveries were accepted and given up, and how long it took. Counted as it happens, also of
         *     logs that are not kept any more.
         */
        get: operations["get_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tells which lists have changed, as server-sent events named `changed` whose data is
         *     `{"lists":["inbound-events","changes","deliveries","function-calls"]}`. Ends after five
         *     minutes; connect anew.
         */
        get: operations["stream_changes_of_lists"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists subscriptions, newest first. */
        get: operations["list_subscriptions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the users of the workspace, oldest first. */
        get: operations["list_users"];
        put?: never;
        /** Makes a user. */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a user. Sessions end at once. */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        /** Changes the role of a user, or the password. */
        patch: operations["update_user"];
        trace?: never;
    };
    "/api/v1/workspaces": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists all workspaces, oldest first. Needs the scope `operator`. */
        get: operations["list_workspaces"];
        put?: never;
        /** Makes a workspace with a first key set. Needs the scope `operator`. */
        post: operations["create_workspace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins a session: a cookie that gets fresh tokens. */
        post: operations["begin_link_session"];
        /** Ends the session. */
        delete: operations["end_link_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/sessions/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a token that is still good, or the cookie of a session, for a fresh token. */
        post: operations["renew_context_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says whether a token is good. */
        get: operations["get_link_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/sessions/ott": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time token, with which a window is let in that the page has opened. */
        post: operations["create_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/platform": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the app. Asks for no token; with one, the app is the token's. */
        get: operations["get_platform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the CRMs, with the connections that the context has. */
        get: operations["list_link_connectors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connectors/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a CRM, with the connections that the context has. */
        get: operations["get_link_connector"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/platform/connectors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the CRMs to a page that has no token yet. */
        get: operations["list_connectors_of_platform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/platform/connectors/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a CRM to a page that has no token yet. */
        get: operations["get_connector_of_platform"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the connections of the context, newest first. */
        get: operations["list_link_connections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connections/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the newest connection that the context has at a connector. */
        get: operations["get_connection_of_connector"];
        put?: never;
        /**
         * Connects a CRM, or connects it again: under an id that is there the connection stays as it
         *     is mapped. Where the end user must authorise it, the answer says how, and it is connected when
         *     they have.
         */
        post: operations["connect"];
        /** Disconnects the newest connection that the context has at a connector. */
        delete: operations["disconnect_of_connector"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a connection. */
        get: operations["get_link_connection"];
        put?: never;
        post?: never;
        /**
         * Disconnects a CRM: deletes the connection and everything that was stored for it. Answers it
         *     as it was.
         */
        delete: operations["disconnect"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/authorizations/{connector}/{authorization}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far an authorization is. */
        get: operations["get_authorization"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/authorizations/{connector}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Takes what the end user typed for a CRM that asks for more than a consent, or for something
         *     else. Then they can be sent to the CRM, or are connected.
         */
        put: operations["put_authorization_fields"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/entities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the entities of a connection's CRM. */
        get: operations["list_link_entities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/entities/{entity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an entity with its columns, and what each can be used for. */
        get: operations["get_link_entity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/crm_setup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Checks what an app declares and says it in the shape of `crm_mapping`. Stores nothing. */
        post: operations["set_up_crm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/api_objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the entities of a connection's CRM. */
        get: operations["list_api_objects"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/api_objects/{entity}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows an entity with its columns. */
        get: operations["get_api_object"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/crm_mapping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows what is in force, as far as these shapes can say it. */
        get: operations["get_crm_mapping"];
        put?: never;
        /** Declares the objects and puts a mapping in place of the one in force, as a finish in Link does. */
        post: operations["save_crm_mapping"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows how far a connection is mapped, and the draft if somebody has begun one. */
        get: operations["get_link"];
        /**
         * Finishes: declares the objects, saves the mapping, and ends the draft. Everything must be
         *     mapped, opted out of, or said to stay empty.
         */
        put: operations["finish_link"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/link/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reads the `objects` option, and fills labels and descriptions that are missing with those of
         *     the workspace. Stores nothing.
         */
        post: operations["check_link_objects"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/link/draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Saves a draft. The mapping in force stays as it is. */
        put: operations["save_link_draft"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/link/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows up to three records as the app would get them. */
        post: operations["preview_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/platform_user/connection/{connection}/link/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Runs a search that is being built: how many records it finds, and up to three of them. */
        post: operations["search_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A token that is good from now on. */
        AccessTokenAnswer: {
            access_token: string;
        };
        /** @description An entity of the CRM. */
        ApiObject: {
            /**
             * Format: int64
             * @description Its place among the entities, from 1.
             */
            id: number;
            slug: string;
            label_one: string;
            label_many: string;
            selector?: components["schemas"]["Selector"] | null;
        };
        ApiObjectAnswer: {
            api_object: components["schemas"]["ApiObject"];
        };
        ApiObjectListing: {
            api_objects: components["schemas"]["ApiObject"][];
        };
        /** @description The declared arguments of two versions. */
        ArgumentsDiff: {
            from: string[];
            to: string[];
        };
        /** @description One HTTP call of a delivery. */
        AttemptView: {
            /**
             * Format: int32
             * @description From 1.
             */
            number: number;
            /** Format: date-time */
            at: string;
            /** Format: int32 */
            duration_ms: number;
            /**
             * Format: int32
             * @description HTTP status of the answer, if there was one.
             */
            status?: number | null;
            /** @description Why there was no answer. */
            error?: string | null;
            /** @description The first 4 KiB; of a successful attempt not kept. */
            response_body?: string | null;
        };
        AuthorizationAnswer: {
            authorization: components["schemas"]["AuthorizationView"];
        };
        /** @enum {string} */
        AuthorizationStatus: "awaiting_callback" | "retrieving_tokens" | "active" | "error";
        /** @description Whether the CRM lets us in. */
        AuthorizationView: {
            id: string;
            status: components["schemas"]["AuthorizationStatus"];
            display_label?: string | null;
            error_code?: string | null;
            /** @description Why not, and the cure. */
            error_message?: string | null;
            /** @description Where the end user consents, while they are awaited there. */
            authorize_url?: string | null;
            /** @description To be sent with what the end user types. */
            state?: string | null;
            authorizer: components["schemas"]["AuthorizerView"];
        };
        /** @description Who is asked. */
        AuthorizerView: {
            /** @description The app's OAuth client at the provider, if it needs one. */
            client_id?: string | null;
            prototype: components["schemas"]["PrototypeView"];
        };
        BatchAnswer: {
            /** @description In the order asked; null where there is no such record. */
            records: (components["schemas"]["RecordView"] | null)[];
        };
        /** @description Which records to read. */
        BatchRecords: {
            ids: string[];
        };
        /** @description A delivery that was begun. */
        BegunDelivery: {
            /** @example dlv_0190a3c25c3e7d529a103f6b1c2d4e5f */
            id: string;
        };
        BegunDeliveryAnswer: {
            delivery: components["schemas"]["BegunDelivery"];
        };
        BinAnswer: {
            bin: components["schemas"]["BinView"];
        };
        /** @description One request that a bin received. */
        BinRequestView: {
            /**
             * Format: int64
             * @description Newer is greater.
             */
            number: number;
            /** Format: date-time */
            at: string;
            method: string;
            /** @description The part of the URL behind `?`. */
            query: string;
            /** @description By name in lower case; several of one name are joined by `, `. */
            headers: Record<string, never>;
            /** @description As text, or in Base64 if it is none; `body_encoding` says which. */
            body: string;
            /**
             * @description How the bytes of a body are shown.
             * @enum {string}
             */
            body_encoding: "text" | "base64";
            body_bytes: number;
        };
        BinRequestsAnswer: {
            /** @description Newest first. */
            requests: components["schemas"]["BinRequestView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description A built-in receiver. */
        BinView: {
            /** @description Whoever knows it may post and look. */
            name: string;
            /** @description For people; may be empty. */
            label: string;
            /**
             * @description Post here; open it in a browser to see what came.
             * @example https://hub.example/bin/q3Xv9yK2bLr0aTnWcE7uZp1d
             */
            url: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        BinsAnswer: {
            bins: components["schemas"]["BinView"][];
            page: components["schemas"]["PageView"];
        };
        /**
         * @description How the bytes of a body are shown.
         * @enum {string}
         */
        BodyEncoding: "text" | "base64";
        CallAnswer: {
            call: components["schemas"]["CallDetailView"];
        };
        /** @description A call with what went on inside. Headers and bodies are not kept. */
        CallDetailView: components["schemas"]["CallView"] & {
            /** @description What it wrote by `info`. */
            logs: string[];
            /** @description Whether lines were left out of `logs`. */
            logs_cut: boolean;
            host_calls: components["schemas"]["HostCall"][];
        };
        /** @description Why a call failed. */
        CallError: {
            /** @example TypeError */
            name: string;
            message: string;
            /**
             * Format: int32
             * @description Where in the script, counted from 1.
             */
            line: number | null;
            /** Format: int32 */
            column: number | null;
        };
        /** @description A call by URL, or by a source, as the list of them shows it. */
        CallView: {
            /** @example call_01a20a4705417000803145d52465f1f4 */
            id: string;
            /**
             * Format: int64
             * @description Number of the version that ran.
             */
            version: number;
            /** @description When it began. */
            at: string;
            method: string;
            /**
             * Format: int32
             * @description What its caller was answered.
             * @example 200
             */
            status: number;
            /** @description Whether the script failed, or returned what cannot be answered. */
            failed: boolean;
            error: components["schemas"]["CallError"] | null;
            /** Format: int64 */
            duration_ms: number;
            /**
             * @description The inbound event that a source called it for; null for a call by URL.
             * @example in_01a20a4705417000803145d52465f1f4
             */
            event: string | null;
        };
        CallsAnswer: {
            calls: components["schemas"]["CallView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description One create, update or delete of a record, in the columns of the CRM. */
        ChangeView: {
            /** @example chg_0190a3c25c3e7d529a103f6b1c2d4e5f */
            id: string;
            /**
             * @description `create`, `update` or `delete`.
             * @example update
             */
            type: string;
            entity: string;
            /** @description The record as the universal API names it: `Entity:id`. */
            record_id: string;
            connection: string;
            /**
             * @description Who made it: `app`, `source`, `records` or `crm`.
             * @example app
             */
            origin: string;
            /** Format: date-time */
            at: string;
            /** @description Columns before; null on create, and where the CRM does not tell. */
            before?: Record<string, never> | null;
            /** @description Columns after; null on delete. */
            after?: Record<string, never> | null;
            /** @description Columns whose values differ. */
            changed: string[];
        };
        ChangesAnswer: {
            /** @description Oldest first. */
            changes: components["schemas"]["ChangeView"][];
            /** @description Always has a `next`. */
            page: components["schemas"]["PageView"];
        };
        /** @description One thing that the end user types. */
        CollectFieldView: {
            /** @description The member that it is sent in. */
            name: string;
            label: string;
            /** @description Shown behind it. */
            suffix?: string | null;
            /** @description Whether it is not to be seen while it is typed. */
            secret: boolean;
        };
        /** @description A property of an entity. */
        ColumnView: {
            /**
             * @description Code, stable.
             * @example Title
             */
            name: string;
            label: string;
            /**
             * @description `text`, `long_text`, `integer`, `decimal`, `boolean`, `date`, `datetime`, `guid`,
             *     `lookup`, `option`, `multi_option`, `object` or `list`.
             */
            type: string;
            /** @description A record cannot be created without it. */
            required: boolean;
            /** @description No two records hold the same value. */
            unique: boolean;
            readable: boolean;
            createable: boolean;
            updateable: boolean;
            filterable: boolean;
            /** @description The entity that a lookup points to. */
            lookup?: string | null;
            /** @description The choices of an option column; null admits any text. */
            options?: components["schemas"]["OptionView"][] | null;
        };
        /** @description What to connect. */
        Connect: {
            /**
             * @description Chosen by the app, or by its page.
             * @example acme-crm
             */
            id: string;
            /**
             * @description IANA name of the end user's time zone, for a new connection. UTC if not given.
             * @example Europe/Berlin
             */
            time_zone?: string | null;
        };
        ConnectionAnswer: {
            connection: components["schemas"]["ConnectionView"];
        };
        ConnectionListing: {
            connections: components["schemas"]["ConnectionView"][];
            page: components["schemas"]["PageView"];
        };
        /** @enum {string} */
        ConnectionStatus: "active" | "error";
        /** @description One context's account at one provider. */
        ConnectionView: {
            id: string;
            context: string;
            connector: string;
            status: components["schemas"]["ConnectionStatus"];
            error?: string | null;
            time_zone: string;
            /** @description Whether the app has declared objects on it. */
            has_objects: boolean;
            mapping: components["schemas"]["MappingStateView"];
            /**
             * Format: int64
             * @description Counts the writes of the connection, its objects and its mapping; also its `ETag`.
             */
            version: number;
            created_at: string;
            updated_at: string;
        };
        ConnectorListing: {
            connectors: components["schemas"]["ConnectorView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description Our code for one provider. */
        ConnectorView: {
            /** @description What `connector` of a connection says. */
            slug: string;
            display_name: string;
            /** @description How an end user authorises us. */
            auth: string;
            /** @description Whether its records lie in this hub. */
            is_native: boolean;
            /** @description What it can do today. */
            capabilities: string[];
        };
        ContextAnswer: {
            context: components["schemas"]["ContextView"];
        };
        ContextListing: {
            contexts: components["schemas"]["ContextView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description What the app hands to its page. */
        ContextTokenAnswer: {
            /** @description Opens the connections of this context, to whoever has it. */
            access_token: string;
            /** @description Until then it is good, and can be exchanged for a fresh one. */
            expires_at: string;
            context: components["schemas"]["ContextView"];
        };
        /** @description One customer of the app. */
        ContextView: {
            /** @description The app's own id for its customer. */
            external_id: string;
            external_name?: string | null;
            /** @description Whatever the app wants kept with it. */
            attributes: Record<string, never>;
            created_at: string;
        };
        /** @description How many records match. */
        CountView: {
            value: number;
            /** @description Whether there are no more than that. */
            exact: boolean;
        };
        CountsView: {
            events: components["schemas"]["EventCounts"];
            deliveries: components["schemas"]["DeliveryCounts"];
            /** @description From the intake of an inbound event to its end. */
            process_time: components["schemas"]["DurationsView"];
            /** @description From the storing of a message to its delivery, retries included. */
            delivery_time: components["schemas"]["DurationsView"];
        };
        /** @description A new bin. */
        CreateBin: {
            /** @description For people. */
            label?: string | null;
        };
        /** @description For whom a token is wanted. */
        CreateContextToken: {
            context: components["schemas"]["TokenContext"];
        };
        /** @description A key set to be made. */
        CreateKey: {
            /**
             * @description At least one of `all`, `read`, `ingest`, `connection:<id>` and `operator`;
             *     the last one only by a key that has it.
             * @example [
             *       "all"
             *     ]
             */
            scopes: string[];
            /** @description Address ranges such as `203.0.113.0/24` from which the key may be used. */
            addresses?: string[] | null;
            /** @description For people. */
            label?: string | null;
        };
        /** @description A user to be made. */
        CreateUser: {
            /**
             * @description 1 to 100 small letters, digits and `-_.@+`.
             * @example ada@example.com
             */
            name: string;
            role: components["schemas"]["UserRole"];
            /** @description 10 to 200 characters; one is made if it is not given. */
            password?: string | null;
        };
        /** @description A workspace to be made. */
        CreateWorkspace: {
            /** @description Lower-case letters, digits and hyphens within. */
            slug: string;
            /** @description For people; the slug if not given. */
            label?: string | null;
        };
        CrmEvent: {
            /** Format: int64 */
            id?: number | null;
            slug: string;
            type: string;
            label?: string;
            description?: string;
            /** @description Of its payload. */
            fields?: components["schemas"]["CrmField"][];
        };
        CrmEventAction: {
            event: components["schemas"]["Named"];
            /** @description `search`, `create`, `update`, `delete` or `noop`. */
            action_type: string;
            transformations?: components["schemas"]["Transformation"][];
        };
        /** @description A field of an object or of a payload, or a part of a field that the user made. */
        CrmField: {
            /** Format: int64 */
            id?: number | null;
            /** @description Of a part: the field's, a dot, and its label. */
            slug: string;
            label?: string;
            description?: string;
            simple_type: components["schemas"]["SimpleType"];
            /** @description The field that it is a part of. */
            parent_slug?: string | null;
        };
        CrmMappingView: {
            mapping: components["schemas"]["CrmObjectMapping"][];
            objects: components["schemas"]["CrmObject"][];
        };
        /** @description An object of the app. */
        CrmObject: {
            /**
             * Format: int64
             * @description Its place among the objects, from 1.
             */
            id: number;
            slug: string;
            label?: string;
            description?: string;
            fields?: components["schemas"]["CrmField"][];
            events?: components["schemas"]["CrmEvent"][];
        };
        CrmObjectListing: {
            objects: components["schemas"]["CrmObject"][];
        };
        /** @description How an object is mapped. */
        CrmObjectMapping: {
            /** Format: int64 */
            crm_object_id: number;
            /**
             * Format: int64
             * @description The entity; null if the user opted out of the object.
             */
            api_object_id?: number | null;
            transformations?: components["schemas"]["Transformation"][];
            event_actions?: components["schemas"]["CrmEventAction"][];
        };
        CrmRecordAnswer: {
            record: components["schemas"]["CrmRecordView"];
        };
        /** @description A record in the app's own fields. */
        CrmRecordView: {
            /**
             * @description The object that it was asked for as.
             * @example opportunity
             */
            type: string;
            /**
             * @description Entity and id in the CRM; take it as it is.
             * @example Opportunity:0190a3c2-5c3e-7d52-9a10-3f6b1c2d4e5f
             */
            id: string;
            /**
             * @description Every declared field. What is not mapped or has no value is null, or `{}` where
             *     the field is an object. A key that may write but not read is answered without it.
             */
            data?: Record<string, never> | null;
        };
        CrmRecordsAnswer: {
            /** @description In the order asked; null where there is no such record. */
            records: (components["schemas"]["CrmRecordView"] | null)[];
        };
        CrmSearchAnswer: {
            records: components["schemas"]["CrmRecordView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description Either a header or a path into the body. */
        DedupeDocument: {
            /** @example x-event-id */
            header?: string | null;
            path?: string | null;
        };
        DeliveriesAnswer: {
            deliveries: components["schemas"]["DeliveryView"][];
            page: components["schemas"]["PageView"];
        };
        DeliveryAnswer: {
            delivery: components["schemas"]["DeliveryView"];
        };
        DeliveryCounts: {
            /** Format: int64 */
            delivered: number;
            /**
             * Format: int64
             * @description Those that were given up.
             */
            dead: number;
            /**
             * Format: int64
             * @description HTTP calls that failed, whether they are repeated or not.
             */
            failed_attempts: number;
        };
        DeliveryDetailAnswer: {
            delivery: components["schemas"]["DeliveryDetailView"];
        };
        /** @description A delivery with all that is known of it. */
        DeliveryDetailView: components["schemas"]["DeliveryView"] & {
            /** @description The bytes that are sent, for ever the same. */
            body: string;
            /** @description Oldest first. */
            attempts: components["schemas"]["AttemptView"][];
        };
        /** @description One message on its way to one endpoint. */
        DeliveryView: {
            /**
             * @description Also its `webhook-id`.
             * @example dlv_0190a3c25c3e7d529a103f6b1c2d4e5f
             */
            id: string;
            endpoint: string;
            /** @description The change it tells of, while that is kept; null for notices and tests. */
            change?: string | null;
            /** @description The object or entity that it is about; `notice` and `test` for those. */
            object: string;
            /** @description Id of the record in the CRM; null for notices and tests. */
            record?: string | null;
            /**
             * @description `create`, `update` or `delete`; null for notices and tests.
             * @example update
             */
            type?: string | null;
            /**
             * @description How a delivery stands.
             * @enum {string}
             */
            status: "pending" | "delivered" | "dead" | "held" | "superseded";
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description When it is tried next, while it is first in its line.
             */
            due_at?: string | null;
            /**
             * Format: date-time
             * @description When it was delivered, given up or replaced.
             */
            ended_at?: string | null;
            /** Format: int32 */
            attempt_count: number;
            /**
             * Format: int32
             * @description HTTP status of the last answer, if there was one.
             */
            last_status?: number | null;
        };
        /** @description How long it took; null where nothing was timed. Estimated: times are counted in classes. */
        DurationsView: {
            /**
             * Format: int64
             * @description Half of all were done within it.
             */
            p50_ms: number | null;
            /** Format: int64 */
            p95_ms: number | null;
            /** Format: int64 */
            p99_ms: number | null;
        };
        EndpointAnswer: {
            endpoint: components["schemas"]["EndpointView"];
        };
        /**
         * @description What the owner of an endpoint decides. Only `url` has no default.
         *
         *     Says what the API takes; `turnbuckle_core::endpoint` reads it.
         */
        EndpointDocument: {
            /**
             * @description `https` or `http`, without user information.
             * @example https://app.example/hooks
             */
            url: string;
            /** @description For people. */
            description?: string | null;
            format?: ("universal" | "agile" | "standard" | "cloudevents") | null;
            /** @description Sent as `Authorization: Bearer`; never shown. */
            token?: string | null;
            scope?: ("subscriptions" | "changes" | "notices") | null;
            /** @description Only changes of this connection; of all, if null. */
            connection?: string | null;
            /** @description Only changes of these entities; of all, if null. Not with format `agile`. */
            entities?: string[] | null;
            /** @description Format `agile` only, and both if not given. */
            modules?: ("contact" | "deal")[] | null;
            /** @description All three if not given. */
            types?: ("create" | "update" | "delete")[] | null;
            /** @description Which answers are a success: any `2xx`, or `204` alone. */
            success?: ("2xx" | "204") | null;
            /** @description Merge changes of one record that wait; true if not given. */
            coalesce?: boolean | null;
            /** @description What to do with changes that the app made itself. */
            own_changes?: ("send" | "drop") | null;
            /** @description Sign with an Ed25519 key too, whose public half is shown. */
            ed25519?: boolean | null;
            /**
             * @description Seconds to wait after the first failed attempt, the second, …; about 24 days in 20 waits
             *     if null.
             */
            retry_schedule?: number[] | null;
            /**
             * Format: int32
             * @description Of a whole attempt; 15,000 if not given.
             */
            timeout_ms?: number | null;
            /** @description Sent with every message. A key that may not change the endpoint is shown `***` for values. */
            headers?: {
                [key: string]: string;
            } | null;
        };
        /**
         * @description A URL that receives messages, with its settings beside the members here; `has_token` stands
         *     for the token.
         */
        EndpointView: components["schemas"]["EndpointDocument"] & {
            /** @example ep_0190a3c25c3e7d529a103f6b1c2d4e5f */
            id: string;
            /**
             * @description How an endpoint stands.
             * @enum {string}
             */
            status: "active" | "paused" | "disabled";
            /** @description Why the hub disabled it. */
            status_reason?: string | null;
            /**
             * @description Signs its messages; only in the answer that made it.
             * @example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
             */
            secret?: string | null;
            /**
             * @description Checks `v1a` signatures, if the endpoint has them.
             * @example whpk_4n2JFO9UlR7RvMNyzJxZpWv9YyQwBqMpLLkQ3xq7mKo=
             */
            public_key?: string | null;
            /**
             * Format: date-time
             * @description The last answer that was a success, to the minute.
             */
            last_success_at?: string | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        EndpointsAnswer: {
            endpoints: components["schemas"]["EndpointView"][];
            page: components["schemas"]["PageView"];
        };
        EntityAnswer: {
            entity: components["schemas"]["EntityDetailView"];
        };
        /** @description An entity with its columns. */
        EntityDetailView: components["schemas"]["EntityView"] & {
            /** @description The column that stands for a record where people read it. */
            display: string;
            columns: components["schemas"]["ColumnView"][];
        };
        EntityListing: {
            entities: components["schemas"]["EntityView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description A type of record in the CRM. */
        EntityView: {
            /**
             * @description Code, stable.
             * @example Opportunity
             */
            name: string;
            label: string;
            label_plural: string;
            /** @description Made by the workspace, not delivered. */
            custom: boolean;
        };
        /**
         * @description Who evaluates a condition.
         * @enum {string}
         */
        EvaluatedBy: "crm";
        /** @description What an event brought. */
        EventAnswer: components["schemas"]["CrmSearchAnswer"] | components["schemas"]["CrmRecordAnswer"];
        /** @description Inbound events, each counted when it happened. */
        EventCounts: {
            /** Format: int64 */
            received: number;
            /** Format: int64 */
            processed: number;
            /** Format: int64 */
            failed: number;
        };
        /**
         * @description What one event would change. Each event is looked at alone: what earlier ones
         *     would change is not seen by later ones.
         */
        EventDifferenceView: {
            /** @description Id of the event. */
            event: string;
            /** @description How it would end. */
            status: components["schemas"]["EventStatus"];
            records: components["schemas"]["RecordDifferenceView"][];
            error: string | null;
            warnings: components["schemas"]["WarningView"][];
        };
        /** @description A record that an inbound event wrote. */
        EventRecordView: {
            /**
             * Format: int32
             * @description Position of the item in the event, from 0.
             */
            item: number;
            entity: string;
            id: string;
        };
        /**
         * @description How far an inbound event is.
         * @enum {string}
         */
        EventStatus: "new" | "processing" | "failed" | "done";
        /** @description A type of field, and how a column gets into it. */
        FeedsView: components["schemas"]["FieldTypeView"] & {
            /** @description `direct`, or what `transform` of the mapping says: `date`, `find`, `collect`. */
            transforms: string[];
        };
        /** @description A type that the app declares. */
        FieldTypeView: {
            type: string;
            format?: string | null;
        };
        /** @description What was mapped, whole. */
        FinishLinkRequest: {
            /** @description The `objects` option of `linkCRM`. */
            objects: Record<string, never>;
            mapping: components["schemas"]["MappingDocument"];
            /** @description That of the answer before. */
            version: string;
        };
        /** @description A record that was found. */
        FoundView: components["schemas"]["PreviewView"] & {
            /** @description What stands for it where people read it. */
            label: string;
        };
        FunctionAnswer: {
            function: components["schemas"]["FunctionView"];
        };
        /** @description Where a function is called. */
        FunctionUrls: {
            /**
             * @description Runs the draft; with the key of the function. Null if that was sealed with a key file that
             *     is lost.
             * @example https://hub.example/sandbox/crm/v2/functions/f/actions/execute?auth_type=apikey&zapikey=1003.ab.cd
             */
            sandbox: string | null;
            /**
             * @description Runs the published version; to be completed with a key: that of the function, or the
             *     workspace's, which `zoho.crm.invokeConnector("crm.zapikey", …)` answers.
             * @example https://hub.example/crm/v2/functions/f/actions/execute?auth_type=apikey&zapikey=
             */
            production: string;
            /** @description The key of the function. */
            zapikey: string | null;
        };
        /** @description A function as the API shows it; its scripts are in its versions. */
        FunctionView: {
            id: string;
            name: string;
            /** @description Whether it is called by URL. */
            rest_api: boolean;
            /** @description The connection that `zoho.crm` means where a call of it names none. */
            connection: string | null;
            /**
             * Format: int64
             * @description Number of the newest version, which the sandbox URL runs.
             */
            draft_version: number;
            /**
             * Format: int64
             * @description Number of the version that the production URL runs; null if none is published.
             */
            published_version: number | null;
            urls: components["schemas"]["FunctionUrls"] | null;
            created_at: string;
            updated_at: string;
        };
        FunctionsAnswer: {
            functions: components["schemas"]["FunctionView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description The records wanted. */
        GetCrmRecords: {
            /** @description Up to 1,000 record ids. */
            ids: string[];
        };
        /** @description Something that the script asked of the hub. */
        HostCall: {
            /** @example crm.getRecordById */
            name: string;
            error: string | null;
            /** Format: int64 */
            duration_ms: number;
        };
        InboundEventAnswer: {
            inbound_event: components["schemas"]["InboundEventDetailView"];
        };
        /** @description An inbound event as it was received. */
        InboundEventDetailView: components["schemas"]["InboundEventView"] & {
            /** @description By name in lower case; secrets are masked. Values of a repeated header are joined by commas. */
            headers: Record<string, never>;
            /** @description What stood behind `?` in the URL. */
            query: string;
            /** @description The bytes received, as text where they are UTF-8. */
            body: string;
            body_encoding: components["schemas"]["BodyEncoding"];
            body_bytes: number;
        };
        /** @description A line of the webhook log. */
        InboundEventView: {
            id: string;
            /** @description Id of the source that it was posted to. */
            source: string;
            status: components["schemas"]["EventStatus"];
            received_at: string;
            content_type: string | null;
            /** @description Values that were left out. */
            warnings: components["schemas"]["WarningView"][];
            /** @description Why it failed. */
            error: string | null;
            /** @description The records that it wrote. */
            records: components["schemas"]["EventRecordView"][];
        };
        InboundEventsAnswer: {
            inbound_events: components["schemas"]["InboundEventView"][];
            page: components["schemas"]["PageView"];
        };
        InputType: {
            input_type: components["schemas"]["FieldTypeView"];
            transformations: string[];
        };
        /** @description What an event is invoked with. */
        InvokeEvent: {
            /**
             * @description As the event's payload schema says. A write skips what is missing and clears what is
             *     null; a search needs every member that its filter compares, and null equals null.
             */
            payload?: Record<string, never>;
            /** @description Records of a page, 1 to 200; 50 if not given. Searches only. */
            limit?: number | null;
            /** @description The record that is updated or deleted: `Entity:id`. */
            record_id?: string | null;
        };
        KeyListing: {
            keys: components["schemas"]["KeyView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description A key set, without its secret. */
        KeyView: {
            id: string;
            /** @description The user name of Basic auth. */
            publishable: string;
            label: string;
            /** @description `all`, `read`, `ingest`, `connection:<id>` or `operator`. */
            scopes: string[];
            /** @description Address ranges from which the key may be used; empty means anywhere. */
            addresses: string[];
            created_at: string;
            /** @description To the minute. */
            last_used_at?: string | null;
        };
        LinkAnswer: {
            link: components["schemas"]["LinkView"];
        };
        /** @description A column, and what it can be used for. */
        LinkColumnView: components["schemas"]["ColumnView"] & {
            /**
             * @description Whether an event that creates a record must give it: it is required, and the CRM does
             *     not make it up itself.
             */
            required_on_create: boolean;
            /** @description The types of fields that it can be read into. */
            feeds: components["schemas"]["FeedsView"][];
            /** @description The types of payload members that can be written to it. */
            filled_by: components["schemas"]["FieldTypeView"][];
            /** @description How a search can compare it. */
            operators: components["schemas"]["OperatorView"][];
        };
        LinkConnectionAnswer: {
            connection: components["schemas"]["LinkConnectionView"];
        };
        LinkConnectionListing: {
            connections: components["schemas"]["LinkConnectionView"][];
        };
        /** @description A connection as the page of its end user sees it. */
        LinkConnectionView: {
            id: string;
            /** @description Whether somebody has connected it and not disconnected it since. */
            enabled: boolean;
            authorization: components["schemas"]["AuthorizationView"];
            connector?: components["schemas"]["LinkConnectorView"] | null;
        };
        LinkConnectorAnswer: {
            connector: components["schemas"]["LinkConnectorView"];
        };
        LinkConnectorListing: {
            connectors: components["schemas"]["LinkConnectorView"][];
        };
        /** @description A CRM, as an end user chooses among them. */
        LinkConnectorView: {
            name: string;
            slug: string;
            short_description: string;
            /** @description Where its picture is. */
            mark_url?: string | null;
            /** @description Whether it can be mapped; every connector of this hub can. */
            crm: boolean;
            supports_multiple_connections: boolean;
            /** @description How the end user authorises the app: `none` where there is nobody to ask. */
            auth: string;
            /** @description Those that the context has. Not with a connection. */
            connections?: components["schemas"]["LinkConnectionView"][] | null;
        };
        /** @description What somebody has begun and not finished. */
        LinkDraftView: {
            /** @description As it was saved. */
            document: Record<string, never>;
            saved_at: string;
        };
        LinkEntityAnswer: {
            entity: components["schemas"]["LinkEntityView"];
        };
        LinkEntityListing: {
            entities: components["schemas"]["EntityView"][];
        };
        /** @description An entity with its columns, and what each can be used for. */
        LinkEntityView: components["schemas"]["EntityView"] & {
            /** @description The column that stands for a record where people read it. */
            display: string;
            columns: components["schemas"]["LinkColumnView"][];
        };
        /** @description The `objects` option of `linkCRM`. */
        LinkObjects: {
            /** @description By slug: `{"label"?,"description"?,"fields":{…},"events":{…}}`. */
            objects: Record<string, never>;
        };
        LinkSessionAnswer: {
            session: components["schemas"]["LinkSessionView"];
        };
        /** @description Whose token was shown. */
        LinkSessionView: {
            /** @description `external_id` of the context. */
            context: string;
            /** @description `external_name` of the context. */
            context_name?: string | null;
        };
        LinkVersionAnswer: {
            version: string;
        };
        /** @description How far a connection is mapped. */
        LinkView: {
            /** @description In force: what the app declared. */
            objects: Record<string, never>;
            /** @description In force. */
            mapping: components["schemas"]["MappingDocument"];
            draft?: components["schemas"]["LinkDraftView"] | null;
            /** @description Stands for all of this; take it as it is. */
            version: string;
        };
        /** @description How the app's objects and the entities of the CRM stand for each other. */
        MappingDocument: {
            /**
             * @description By the slug of the object: `{"entity":…,"fields":{…},"events":{…}}`, or
             *     `{"entity":null}` for one that the user opted out of.
             */
            objects: Record<string, never>;
        };
        /** @description How far the user has mapped what the app declared. */
        MappingStateView: {
            /**
             * Format: int64
             * @description Counts the mappings that were saved; 0 before the first.
             */
            version: number;
            /** @description Whether every declared object can be used. */
            complete: boolean;
            /** @description What is left to map. */
            missing: components["schemas"]["ProblemError"][];
        };
        /** @description What is meant, by its slug. */
        Named: {
            slug: string;
        };
        NewKeyAnswer: {
            key: components["schemas"]["NewKeyView"];
        };
        /** @description A key set in the only answer that holds its secret. */
        NewKeyView: components["schemas"]["KeyView"] & {
            /** @description The password of Basic auth. It cannot be shown again. */
            secret: string;
        };
        /** @description A workspace with the key set to begin with. */
        NewWorkspaceAnswer: {
            workspace: components["schemas"]["WorkspaceView"];
            /** @description May do everything in the workspace. Its secret is in this answer only. */
            key: components["schemas"]["NewKeyView"];
        };
        OAuthClientAnswer: {
            oauth_client: components["schemas"]["OAuthClientView"];
        };
        OAuthClientListing: {
            oauth_clients: components["schemas"]["OAuthClientView"][];
        };
        /** @description What is needed to let end users authorise at a provider. */
        OAuthClientView: {
            /** @description Slug of the connector. */
            connector: string;
            display_name: string;
            /** @description None while no client was put. */
            client_id?: string | null;
            /** @description To be registered at the provider: it sends end users back there. */
            callback_url: string;
            /** @description What the client must be allowed at the provider. */
            scopes: string[];
        };
        ObjectAnswer: {
            object: components["schemas"]["ObjectView"];
        };
        ObjectListing: {
            objects: components["schemas"]["ObjectView"][];
            page: components["schemas"]["PageView"];
        };
        ObjectView: {
            slug: string;
            label?: string | null;
            description?: string | null;
        };
        /** @description What the app declares: the `objects` option of `linkCRM`. */
        ObjectsDocument: {
            /** @description By slug: `{"label"?,"description"?,"fields":{…},"events":{…}}`. */
            objects: Record<string, never>;
        };
        /** @enum {string} */
        Only: "dead" | "all";
        /**
         * @description How many values an operator compares with.
         * @enum {string}
         */
        Operands: "none" | "one" | "two" | "many";
        /** @description An operator of the filter language. */
        OperatorView: {
            op: string;
            operands: components["schemas"]["Operands"];
            evaluated_by: components["schemas"]["EvaluatedBy"];
        };
        /** @description One choice of an option column. */
        OptionView: {
            value: string;
            label: string;
        };
        /** @description Where the app's own pages are. */
        OriginsSetting: {
            /**
             * @description As browsers send them. Only their pages may show Link and call the browser API.
             * @example [
             *       "https://app.example"
             *     ]
             */
            origins: string[];
        };
        /** @description Where a listing goes on. */
        PageView: {
            /** @description Whether there is more. A page may be short, even empty, and have more. */
            has_more: boolean;
            /** @description The cursor to send for the next page. */
            next?: string | null;
        };
        PlatformAnswer: {
            platform: components["schemas"]["PlatformView"];
        };
        /** @description The app, which is a workspace of this hub. */
        PlatformView: {
            name: string;
            slug: string;
            /** @description The origins whose pages may open Link, and where it may return to. */
            website_origins: string[];
        };
        PointView: components["schemas"]["CountsView"] & {
            /** Format: date-time */
            starts_at: string;
        };
        /** @description What is answered to whoever posts. */
        PostedAnswer: {
            ok: boolean;
        };
        PreviewAnswer: {
            record: components["schemas"]["PreviewView"];
            /**
             * @description Expressions that have no value over this record, by their place in the object's
             *     mapping, and why. Their fields are null.
             */
            errors?: components["schemas"]["ProblemError"][];
        };
        /** @description A mapping of one object that is not in force. */
        PreviewLink: {
            /** @description The `objects` option of `linkCRM`. */
            objects: Record<string, never>;
            /** @description Slug of the object. */
            object: string;
            /** @description Of this object: `{"entity":…,"fields":{…},"events":{…}}`. Nothing need be complete. */
            mapping: Record<string, never>;
        };
        PreviewLinkAnswer: {
            /** @description Up to three, as the app would get them. */
            records: components["schemas"]["PreviewView"][];
            /** @description Expressions that have no value over one of them, by their place in the object's mapping. */
            errors: components["schemas"]["ProblemError"][];
        };
        /** @description What to preview. */
        PreviewMapping: {
            /**
             * @description Slug of the object.
             * @example opportunity
             */
            object: string;
            /** @description `Entity:id`, or the id alone. */
            record_id: string;
            mapping?: components["schemas"]["MappingDocument"] | null;
        };
        /** @description A record in the app's own fields. */
        PreviewView: {
            /** @description Slug of the object. */
            type: string;
            /** @description `Entity:id` */
            id: string;
            data: Record<string, never>;
        };
        /** @description The body of every answer that is not a success (RFC 9457). */
        Problem: {
            /**
             * @description Names the problem and leads to its page; stable.
             * @example https://turnbuckle.dev/problems/invalid-request
             * @enum {string}
             */
            type: "https://turnbuckle.dev/problems/invalid-request" | "https://turnbuckle.dev/problems/malformed-json" | "https://turnbuckle.dev/problems/malformed-form" | "https://turnbuckle.dev/problems/cursor-invalid" | "https://turnbuckle.dev/problems/unauthorized" | "https://turnbuckle.dev/problems/sender-not-verified" | "https://turnbuckle.dev/problems/forbidden" | "https://turnbuckle.dev/problems/origin-not-allowed" | "https://turnbuckle.dev/problems/route-not-found" | "https://turnbuckle.dev/problems/workspace-not-found" | "https://turnbuckle.dev/problems/context-not-found" | "https://turnbuckle.dev/problems/connection-not-found" | "https://turnbuckle.dev/problems/connector-not-found" | "https://turnbuckle.dev/problems/authorization-not-found" | "https://turnbuckle.dev/problems/entity-not-found" | "https://turnbuckle.dev/problems/record-not-found" | "https://turnbuckle.dev/problems/object-not-found" | "https://turnbuckle.dev/problems/event-not-found" | "https://turnbuckle.dev/problems/source-not-found" | "https://turnbuckle.dev/problems/function-not-found" | "https://turnbuckle.dev/problems/function-call-not-found" | "https://turnbuckle.dev/problems/inbound-event-not-found" | "https://turnbuckle.dev/problems/replay-not-found" | "https://turnbuckle.dev/problems/subscription-not-found" | "https://turnbuckle.dev/problems/endpoint-not-found" | "https://turnbuckle.dev/problems/delivery-not-found" | "https://turnbuckle.dev/problems/recovery-not-found" | "https://turnbuckle.dev/problems/key-not-found" | "https://turnbuckle.dev/problems/user-not-found" | "https://turnbuckle.dev/problems/bin-not-found" | "https://turnbuckle.dev/problems/method-not-allowed" | "https://turnbuckle.dev/problems/mapping-incomplete" | "https://turnbuckle.dev/problems/connection-in-error" | "https://turnbuckle.dev/problems/already-exists" | "https://turnbuckle.dev/problems/unique-violation" | "https://turnbuckle.dev/problems/too-many-subscriptions" | "https://turnbuckle.dev/problems/idempotency-conflict" | "https://turnbuckle.dev/problems/state-conflict" | "https://turnbuckle.dev/problems/schema-pending" | "https://turnbuckle.dev/problems/precondition-failed" | "https://turnbuckle.dev/problems/request-timeout" | "https://turnbuckle.dev/problems/payload-too-large" | "https://turnbuckle.dev/problems/unsupported-media-type" | "https://turnbuckle.dev/problems/processing-failed" | "https://turnbuckle.dev/problems/rate-limited" | "https://turnbuckle.dev/problems/internal" | "https://turnbuckle.dev/problems/temporarily-unavailable";
            /** @description The same words for every occurrence of this problem. */
            title: string;
            /**
             * Format: int32
             * @description The status of the answer.
             */
            status: number;
            /** @description What is wrong this time, and the cure. */
            detail?: string | null;
            /** @description Each wrong member, if the input is wrong. */
            errors?: components["schemas"]["ProblemError"][];
        };
        /** @description One wrong member. */
        ProblemError: {
            /** @description JSON pointer into the body, or `?name` for a parameter of the query. */
            path: string;
            detail: string;
        };
        /** @description The provider, by its connector. */
        PrototypeView: {
            name: string;
            slug: string;
            /** @description What the end user types first. */
            collect_fields?: components["schemas"]["CollectFieldView"][] | null;
            /** @description Where the end user finds it. */
            collect_instructions?: string | null;
        };
        /** @description The version to give to callers. */
        PublishFunction: {
            /**
             * Format: int64
             * @example 3
             */
            version: number;
        };
        /** @description What the app says of a connection. */
        PutConnection: {
            /**
             * @description The context that it belongs to; made if there is none.
             * @example acme
             */
            context: string;
            /**
             * @description Slug of its connector; cannot change later.
             * @example native
             */
            connector: string;
            /**
             * @description IANA name; relative dates and times without an offset are read in it. UTC if not given.
             * @example Europe/Berlin
             */
            time_zone?: string | null;
        };
        /** @description What the app says of its customer. */
        PutContext: {
            external_name?: string | null;
            /** @description Up to 16 KiB, kept and given back as they came. */
            attributes?: Record<string, never> | null;
        };
        /**
         * @description What an entity is to have. Nothing is taken away: an entity keeps the columns
         *     and members that are not named. What a read of it shows may be sent back.
         */
        PutEntity: {
            label?: string | null;
            label_plural?: string | null;
            /** @description A column of type `text` or `option`. */
            display?: string | null;
            /** @description Columns to add or change, each with `name`, `label`, `type` and whatever a read shows. */
            columns?: Record<string, never>[] | null;
        };
        /** @description A function as it is written. */
        PutFunctionDocument: {
            /**
             * @description JavaScript that defines `handler`, up to 256 KiB.
             * @example function handler(crmAPIRequest) { return crmAPIRequest.get("body"); }
             */
            source: string;
            /** @description Whether it is called by URL. Off by default. */
            rest_api?: boolean;
            /**
             * @description Names of arguments that callers may send, up to 50.
             * @example [
             *       "id"
             *     ]
             */
            arguments?: string[];
            /**
             * @description The connection that `zoho.crm` means where a call of it names none.
             * @example acme-crm
             */
            connection?: string | null;
        };
        /** @description A client that the app's developer has registered at a provider. */
        PutOAuthClient: {
            client_id: string;
            /**
             * Format: password
             * @description Shown never again.
             */
            client_secret: string;
        };
        /** @description What is said of an object wherever a connection does not say it itself. */
        PutObject: {
            label?: string | null;
            description?: string | null;
        };
        /** @description Where the app wants to hear of changes. */
        PutWebhooksSetting: {
            /**
             * @description Null ends it: the endpoint is deleted.
             * @example https://app.example/crm-webhooks
             */
            url: string | null;
            /** @description Sent as `Authorization: Bearer`. Stays as it is if not given; null takes it away. */
            token?: string | null;
        };
        RecordAnswer: {
            record: components["schemas"]["RecordView"];
        };
        /**
         * @description What became of a record.
         * @enum {string}
         */
        RecordChange: "created" | "updated" | "unchanged" | "deleted";
        RecordDifferenceView: {
            entity: string;
            /** @description Null if the record would be created, by this item or one before it. */
            id: string | null;
            change: components["schemas"]["RecordChange"];
            /** @description By column. */
            differences: Record<string, never>;
        };
        /** @description One row of an entity. */
        RecordView: {
            id: string;
            /**
             * Format: int64
             * @description Counts the records of the entity from 1.
             */
            number: number;
            entity: string;
            /**
             * Format: int64
             * @description Counts the writes of the record from 1; also its `ETag`.
             */
            version: number;
            /**
             * @description Every column of the entity, null where it is empty. A key that may write but not read
             *     is answered without it.
             */
            data?: Record<string, never> | null;
            created_at: string;
            updated_at: string;
        };
        /** @description Which deliveries are sent again. */
        RecoverEndpoint: {
            /**
             * Format: date-time
             * @description Stored at or after this time.
             */
            since: string;
            /**
             * Format: date-time
             * @description Stored before this time; until now if not given.
             */
            until?: string | null;
            /** @description Those given up, or all that ended. */
            only?: components["schemas"]["Only"];
        };
        RecoveryAnswer: {
            recovery: components["schemas"]["RecoveryView"];
        };
        /** @description A recovery and how far it is. */
        RecoveryView: {
            /** @example rec_0190a3c25c3e7d529a103f6b1c2d4e5f */
            id: string;
            endpoint: string;
            /**
             * Format: int64
             * @description Deliveries of the range. With `coalesce`, only the latest about each record is sent.
             */
            total: number;
            /**
             * Format: int64
             * @description Those that were looked at.
             */
            done: number;
            /** @enum {string} */
            status: "running" | "done";
            /** Format: date-time */
            started_at: string;
            /** Format: date-time */
            ended_at?: string | null;
        };
        ReplayAnswer: {
            replay: components["schemas"]["ReplayView"];
        };
        /**
         * @description Which events to process again: either by `ids` or by the other members, of
         *     which at least one is needed.
         */
        ReplayInboundEvents: {
            /**
             * @example [
             *       "in_0198c5a0000070008000000000000000"
             *     ]
             */
            ids?: string[] | null;
            /** @description Id of a source. */
            source?: string | null;
            status?: components["schemas"]["EventStatus"] | null;
            /**
             * Format: date-time
             * @description Received at or after this time.
             */
            since?: string | null;
            /**
             * Format: date-time
             * @description Received before this time.
             */
            until?: string | null;
            /** @description Shows what would change, for at most the first 100 events, and changes nothing. */
            dry_run?: boolean;
            /** @description Makes new records even where an event made some before. */
            as_new?: boolean;
        };
        /** @enum {string} */
        ReplayStatus: "running" | "done";
        /** @description A replay and how far it is. */
        ReplayView: {
            /** @description Null for a dry run, which is not kept. */
            id: string | null;
            status: components["schemas"]["ReplayStatus"];
            dry_run: boolean;
            as_new: boolean;
            /**
             * Format: int64
             * @description Events to process.
             */
            total: number;
            /**
             * Format: int64
             * @description Events that were processed and are done.
             */
            done: number;
            /**
             * Format: int64
             * @description Events that were processed and failed.
             */
            failed: number;
            started_at: string;
            ended_at: string | null;
            /** @description What a dry run would change, by event in the order of intake. */
            events?: components["schemas"]["EventDifferenceView"][] | null;
        };
        /** @description For how long logs are kept. Set by the operator of the server. */
        RetentionSetting: {
            /**
             * Format: int64
             * @description Inbound events that failed.
             */
            failed_days: number;
            /**
             * Format: int64
             * @description Inbound events that were processed.
             */
            done_days: number;
            /** Format: int64 */
            deliveries_days: number;
            /** Format: int64 */
            changes_days: number;
            /**
             * Format: int64
             * @description Calls of functions.
             */
            calls_days: number;
            /**
             * Format: int64
             * @description Oldest rows go while the logs hold more; null sets no bound.
             */
            bytes_max?: number | null;
        };
        /** @description How a secret is rotated. */
        RotateSecret: {
            /**
             * @description How long the secrets there were still sign beside the new one: such as `15m`, `24h` or
             *     `7d`, at most 30 days; `24h` if not given.
             * @example 24h
             */
            overlap?: string | null;
        };
        /** @description A mapping, whole. */
        SaveCrmMapping: {
            /** @description As they were answered, with the parts that the user made of object fields. */
            objects: components["schemas"]["CrmObject"][];
            mapping: components["schemas"]["CrmObjectMapping"][];
        };
        /** @description A draft: whatever the page wants to find again. */
        SaveLinkDraft: {
            /** @description Up to 512 KiB as JSON. Nothing in it need be complete. */
            document: Record<string, never>;
            /** @description That of the answer before. */
            version: string;
        };
        SearchAnswer: {
            records: components["schemas"]["RecordView"][];
            page: components["schemas"]["PageView"];
            /**
             * @description Whether the CRM narrowed the search by its own means, in the built-in CRM by search keys.
             *     If not, every record of the entity was looked at, which is slow where there are many.
             */
            pushed: boolean;
            /**
             * @description The part of the filter that the hub judged record by record, after that; null if none was
             *     left. The built-in CRM leaves it whole.
             */
            residual?: Record<string, never> | null;
            count?: components["schemas"]["CountView"] | null;
        };
        /** @description A search that is not in force. */
        SearchLink: {
            /** @description The `objects` option of `linkCRM`. */
            objects: Record<string, never>;
            /** @description Slug of the object. */
            object: string;
            /** @description The search event. */
            event: string;
            /** @description Of this object, with what the event does. */
            mapping: Record<string, never>;
            /** @description What the app would invoke it with. */
            payload?: Record<string, never>;
        };
        SearchLinkAnswer: {
            /** @description Up to 1,000. */
            count: components["schemas"]["CountView"];
            /** @description Up to three, as the app would get them. */
            records: components["schemas"]["FoundView"][];
            /** @description Conditions that the hub judges, by their place in the filter, because the CRM cannot. */
            evaluated_by_hub: string[];
        };
        /** @description What to find. */
        SearchRecords: {
            /** @description A condition tree; everything matches if it is not given. */
            filter?: Record<string, never> | null;
            /** @description In the order of creation if not given. */
            sort?: components["schemas"]["SortBy"][] | null;
            /** @description Records wanted, 1 to 200; 50 if not given. */
            limit?: number | null;
            /** @description `page.next` of the page before, with the same filter and sort. */
            cursor?: string | null;
            /** @description Whether to count the matches too, up to 1,000. */
            count?: boolean | null;
        };
        /** @description A column, or the entity itself with its columns. */
        Selector: {
            /** @description Null of what can be shown and not chosen. */
            pointer?: string | null;
            label: string;
            api_name: string;
            type_label: string;
            /** @description What it can feed, and how. */
            input_types: components["schemas"]["InputType"][];
            children?: components["schemas"]["Selector"][] | null;
            /** @description What can be chosen from. */
            enum?: components["schemas"]["SelectorOption"][] | null;
            readable: boolean;
            createable: boolean;
            updateable: boolean;
            searchable: boolean;
            /** @description Whether a create must give it. */
            required: boolean;
        };
        SelectorOption: {
            label: string;
            value: string;
        };
        SessionAnswer: {
            user: components["schemas"]["SessionUser"];
            workspace: components["schemas"]["SessionWorkspace"];
        };
        /** @description Who has signed in. */
        SessionUser: {
            /** @example usr_01a20a4705417000803145d52465f1f4 */
            id: string;
            name: string;
            role: components["schemas"]["UserRole"];
        };
        /** @description What the session is about. */
        SessionWorkspace: {
            slug: string;
            label: string;
        };
        /** @description Who signs in. */
        SignIn: {
            /** @example admin */
            name: string;
            password: string;
        };
        SimpleType: {
            type: string;
            format?: string | null;
        };
        /** @description One column to sort by. Empty values come first, descending last. */
        SortBy: {
            /** @description A column, or a path through up to two lookups such as `Stage.Name`. */
            column: string;
            descending?: boolean;
        };
        SourceAnswer: {
            source: components["schemas"]["SourceView"];
        };
        /** @description What the owner of a source decides. */
        SourceDocument: {
            /**
             * @description 1 to 200 characters, for people.
             * @example landingi
             */
            name: string;
            /**
             * @description The connection whose CRM is written to.
             * @example acme-crm
             */
            connection: string;
            /**
             * @description The entities that may be written; null means the workspace's list.
             * @example [
             *       "Lead",
             *       "Contact"
             *     ]
             */
            entities?: string[] | null;
            /**
             * @description Off stores events without writing records. On by default.
             * @default true
             */
            create_records: boolean;
            /** @description When a post is answered. */
            reply?: components["schemas"]["SourceReply"];
            /**
             * @description Per entity the columns whose values find the record to update.
             * @example {
             *       "Lead": [
             *         "Email"
             *       ]
             *     }
             */
            match_on?: {
                [key: string]: string[];
            };
            /** @description Per entity the values of columns that an event leaves empty. */
            defaults?: Record<string, never>;
            mapping?: components["schemas"]["SourceMappingDocument"] | null;
            function?: components["schemas"]["SourceFunctionDocument"] | null;
            dedupe?: components["schemas"]["DedupeDocument"] | null;
            /**
             * @description Origins whose pages may post from a browser, or `*`.
             * @example [
             *       "https://www.example.com"
             *     ]
             */
            origins?: string[];
            /** @description Where a browser goes after it posted a form. */
            redirect?: string | null;
            rate_limit?: components["schemas"]["SourceRateLimit"] | null;
            verify?: components["schemas"]["VerifyDocument"] | null;
        };
        /** @description Which function is called, and what becomes of what it returns. */
        SourceFunctionDocument: {
            /**
             * @description Its published version is called.
             * @example clean_lead
             */
            name: string;
            /**
             * @description `before`: what it returns takes the place of the body, and records are made of it.
             *     `instead`: no record is made.
             */
            runs: components["schemas"]["SourceFunctionRuns"];
            /**
             * @description Whether a call is made again that ended because the hub did. What such a call wrote
             *     stays, so only functions should be that may be called twice.
             * @default false
             */
            repeat_cut_off: boolean;
        };
        /** @enum {string} */
        SourceFunctionRuns: "before" | "instead";
        SourceKeyAnswer: {
            key: components["schemas"]["SourceKeyView"];
        };
        /** @description A key of a source. */
        SourceKeyView: {
            id: string;
            /** @description The last part of the URL. Null if it was sealed with a key file that is lost. */
            key: string | null;
            /** @description Where to post with this key. */
            url: string | null;
            created_at: string;
            /** @description From then on the key is unknown. */
            expires_at: string | null;
        };
        /** @description Makes one record of an event, or one of each element of a list. */
        SourceMappingDocument: {
            entity: string;
            /** @description Per column `{"path": …}`, `{"static": …}` or `{"expression": …}`. */
            columns: Record<string, never>;
            /**
             * @description The list of which every element becomes a record.
             * @example body.leads
             */
            each?: string | null;
            /**
             * @description An expression: records are made where it is true.
             * @example body.form.email != null
             */
            when?: string | null;
        };
        SourceRateLimit: {
            /** Format: int32 */
            per_second: number;
        };
        /**
         * @description When a post is answered: as soon as it is durable, or after its records are written.
         * @enum {string}
         */
        SourceReply: "accepted" | "processed";
        /** @description A source as the API shows it. */
        SourceView: components["schemas"]["SourceDocument"] & {
            id: string;
            /**
             * @description Where to post, with the newest key; null for callers who may not manage sources.
             * @example https://hub.example/webhooks/8d5c1f
             */
            url: string | null;
            /** @description Active and expiring keys, oldest first; empty for callers who may not manage sources. */
            keys: components["schemas"]["SourceKeyView"][];
            created_at: string;
            updated_at: string;
        };
        SourcesAnswer: {
            sources: components["schemas"]["SourceView"][];
            page: components["schemas"]["PageView"];
        };
        StatisticsAnswer: {
            statistics: components["schemas"]["StatisticsView"];
        };
        /** @description What happened within some time. */
        StatisticsView: {
            /**
             * Format: date-time
             * @description Where the first point starts.
             */
            since: string;
            /**
             * Format: date-time
             * @description Where the last point ends.
             */
            until: string;
            /**
             * Format: int64
             * @description Time of one point. The last one is shorter where they do not come out even.
             */
            step_ms: number;
            total: components["schemas"]["CountsView"];
            /** @description Oldest first, also those in which nothing happened. Counts are kept for 31 days. */
            points: components["schemas"]["PointView"][];
        };
        /** @description The records wanted: those that the search finds with this payload. */
        SubscribeToSearch: {
            /** @description As the event's payload schema says. */
            payload?: Record<string, never>;
        };
        /** @description The wish to hear of changes to one record, or to the records that match a search. */
        SubscriptionView: {
            /** @example sub_0190a3c25c3e7d529a103f6b1c2d4e5f */
            id: string;
            connection: string;
            object: string;
            /** @description The record that is followed: `Entity:id`. */
            record_id?: string | null;
            /** @description The search that is followed. */
            event?: string | null;
            /** @description What the search is made with. */
            payload?: Record<string, never> | null;
            /** Format: date-time */
            created_at: string;
        };
        SubscriptionsAnswer: {
            subscriptions: components["schemas"]["SubscriptionView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description Lets a window in that a page has opened, once. */
        TicketAnswer: {
            /** @description The one-time token, good for a minute. */
            ott: string;
        };
        /** @description A customer of the app: made if there is none, and otherwise changed in what is given. */
        TokenContext: {
            /**
             * @description The app's own id for its customer.
             * @example acme
             */
            external_id: string;
            external_name?: string | null;
            /** @description Up to 16 KiB, kept and given back as they came. */
            attributes?: Record<string, never> | null;
        };
        /** @description What a field gets, what a column is given, or what a search compares. */
        Transformation: {
            field?: components["schemas"]["Named"] | null;
            /** @description `direct`, `date`, `static` or `empty`. */
            name: string;
            /** @description The column. */
            source_pointer?: string | null;
            static_value?: unknown;
            /** @description Of a search: `eq` or `contains`. */
            criteria_operator?: string | null;
        };
        /** @description How the call went. */
        TrialAnswer: {
            /** @description `{"output": …}`, or `{"response": …}` of a script that says how to answer; null if it failed. */
            result: Record<string, never> | null;
            error: components["schemas"]["CallError"] | null;
            /** @description What it wrote by `info`. */
            logs: string[];
            /** @description Whether lines were left out of `logs`. */
            logs_cut: boolean;
            host_calls: components["schemas"]["HostCall"][];
            /** Format: int64 */
            duration_ms: number;
        };
        /** @description A record as it would be. */
        TrialRecordView: {
            /**
             * Format: int32
             * @description Position of the item in the post, from 0.
             */
            item: number;
            entity: string;
            /** @description Null if the record would be created. */
            id: string | null;
            change: components["schemas"]["RecordChange"];
            data: Record<string, never>;
        };
        /** @description What would become of the post. */
        TrialView: {
            /** @example done */
            status: string;
            records: components["schemas"]["TrialRecordView"][];
            warnings: components["schemas"]["WarningView"][];
            error: string | null;
        };
        /** @description A request as a caller would send it. */
        TriedRequest: {
            /**
             * @description `POST` if it is not given.
             * @example POST
             */
            method?: string | null;
            /** @description What stands behind `?` in the address. */
            query?: string;
            headers?: {
                [key: string]: string;
            };
            /** @description A text is sent as it is, anything else as its JSON. */
            body?: unknown;
        };
        /** @description A request to be tried on a version. */
        TryFunction: {
            request?: components["schemas"]["TriedRequest"] | null;
            /**
             * @description Id of an inbound event of the webhook log: its request is tried as it was received.
             * @example in_01a20a4705417000803145d52465f1f4
             */
            event?: string | null;
            /**
             * Format: int64
             * @description Number of the version; the newest if it is not given.
             */
            version?: number | null;
        };
        /** @description A post to be tried. */
        TrySource: {
            /**
             * @description JSON if not given.
             * @example application/json
             */
            content_type?: string | null;
            /** @description A text is posted as it is, anything else as its JSON. */
            body: unknown;
            headers?: {
                [key: string]: string;
            };
            /** @description What stands behind `?` in the URL. */
            query?: string;
            mapping?: components["schemas"]["SourceMappingDocument"] | null;
            /** @description Tries these defaults in the place of the source's. */
            defaults?: Record<string, never> | null;
        };
        /** @description What the end user typed, by the names of the fields. */
        TypedFields: {
            /** @description Of the authorization. */
            state: string;
        } & {
            [key: string]: string;
        };
        /** @description What is changed of a user. */
        UpdateUser: {
            role?: components["schemas"]["UserRole"] | null;
            /** @description Ends the sessions of the user. */
            password?: string | null;
            /** @description Makes a password and shows it in the answer; ends the sessions of the user. */
            reset_password?: boolean;
        };
        /** @description A user, with the password if it was made for them. */
        UserAnswer: {
            user: components["schemas"]["UserView"];
            /** @description Only where none was given; it cannot be shown again. */
            password?: string | null;
        };
        UserListing: {
            users: components["schemas"]["UserView"][];
            page: components["schemas"]["PageView"];
        };
        /**
         * @description `admin` does everything in the workspace, `editor` everything but key sets and users,
         *     `viewer` reads.
         * @enum {string}
         */
        UserRole: "admin" | "editor" | "viewer";
        /** @description Somebody who signs in. */
        UserView: {
            /** @example usr_01a20a4705417000803145d52465f1f4 */
            id: string;
            /**
             * @description What they sign in with; unique in the installation.
             * @example ada@example.com
             */
            name: string;
            role: components["schemas"]["UserRole"];
            created_at: string;
            updated_at: string;
        };
        /** @description Either a known sender or a scheme, and its secrets. */
        VerifyDocument: {
            /**
             * @description The name of a known sender.
             * @example github
             */
            sender?: string | null;
            /** @description How another sender signs. */
            scheme?: Record<string, never> | null;
            /**
             * @description At most 10, of which any suffices. They are shown as `***1`, `***2` and so on, which
             *     sent back keep what they stand for.
             */
            secrets: string[];
            /** @description The verify token that was set at Meta. Shown as `***`. */
            token?: string | null;
            /**
             * Format: int32
             * @description How far the time of signing may be from now, if the sender signs one.
             */
            tolerance_s?: number | null;
        };
        VersionAnswer: {
            version: components["schemas"]["VersionView"];
        };
        VersionDiffAnswer: {
            diff: components["schemas"]["VersionDiffView"];
        };
        /** @description What differs between two versions. */
        VersionDiffView: {
            /**
             * Format: int64
             * @example 1
             */
            from: number;
            /**
             * Format: int64
             * @example 2
             */
            to: number;
            /**
             * @description A unified diff of the scripts; empty if they are the same.
             * @example --- version 1
             *     +++ version 2
             *     @@ -1 +1 @@
             *     -handler = () => 1
             *     +handler = () => 2
             */
            source: string;
            arguments: components["schemas"]["ArgumentsDiff"] | null;
        };
        /** @description A script as it was saved once. */
        VersionView: {
            /** Format: int64 */
            number: number;
            source: string;
            arguments: string[];
            created_at: string;
        };
        VersionsAnswer: {
            versions: components["schemas"]["VersionView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description A value that was left out, or another thing to look at. */
        WarningView: {
            /** @description JSON pointer to the column, behind the item's index where there are several items. */
            path: string;
            detail: string;
        };
        /** @description Entities that inbound webhooks may name where their source does not say it. */
        WebhookEntitiesSetting: {
            /**
             * @example [
             *       "Contact",
             *       "Lead",
             *       "Order",
             *       "FormSubmit"
             *     ]
             */
            entities: string[];
        };
        /** @description Where the app hears of changes that it subscribed to. */
        WebhooksSetting: {
            url?: string | null;
            /** @description Whether messages carry `Authorization: Bearer`. The token is not shown. */
            has_token: boolean;
            /** @description The endpoint behind it, with everything else that can be set. */
            endpoint?: string | null;
            /** @description The secret of an endpoint that was made just now; not shown again. */
            secret?: string | null;
        };
        WorkspaceKeyAnswer: {
            /** @description Opens every function of the workspace. */
            zapikey: string;
        };
        WorkspaceListing: {
            workspaces: components["schemas"]["WorkspaceView"][];
            page: components["schemas"]["PageView"];
        };
        /** @description One app (or company) that uses this installation. */
        WorkspaceView: {
            /** @description Public name, unique in the installation. */
            slug: string;
            label: string;
            created_at: string;
        };
        /** @description Values by column. */
        WriteRecord: {
            /** @description Null clears a column. A lookup takes an id or a display value. */
            data: Record<string, never>;
        };
    };
    responses: {
        /** @description What went wrong, and the cure */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /** @description A repeat with the same key answers what the first request did, for 24 hours. */
        IdempotencyKey: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_bins: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BinsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_bin: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreateBin"] | null;
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BinAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_bin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the bin */
                bin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_bin_requests: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the bin */
                bin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BinRequestsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    show_bin: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the bin */
                bin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BinRequestsAnswer"];
                    "text/html": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    post_to_bin: {
        parameters: {
            query?: {
                /**
                 * @description The status to answer instead of 200, to see how a sender takes it: 200 to 599. Anything
                 *     else is not looked at.
                 */
                status?: string;
            };
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Name of the bin */
                bin: string;
            };
            cookie?: never;
        };
        /** @description Anything, up to 1 MB */
        requestBody: {
            content: {
                "*/*": string;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            /** @description The status that was wanted */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PostedAnswer"];
                };
            };
            "5XX": components["responses"]["Problem"];
        };
    };
    list_changes: {
        parameters: {
            query?: {
                /** @description Id of the connection. */
                connection?: string;
                /** @description Code of the entity. */
                entity?: string;
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before; from the oldest change kept if not given. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_connections: {
        parameters: {
            query?: {
                /** @description Only those of this context. */
                context?: string;
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_connection: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutConnection"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_connection: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    update_connection: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_connectors: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectorListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_contexts: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_context: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own id for its customer. */
                context: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_context: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own id for its customer. */
                context: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutContext"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_context: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The app's own id for its customer. */
                context: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_context_token: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateContextToken"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextTokenAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContextTokenAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_crm_record: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description Record id: `Entity:id` */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmRecordAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_crm_records: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GetCrmRecords"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmRecordsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    invoke_event: {
        parameters: {
            query?: {
                /** @description `page.next` of the page before, with the same payload. Searches only. */
                next?: string;
            };
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description An event of the object */
                event: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InvokeEvent"];
            };
        };
        responses: {
            /** @description What was found or updated */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventAnswer"];
                };
            };
            /** @description What was created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmRecordAnswer"];
                };
            };
            /** @description The record was deleted, or the user lets this event do nothing */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    subscribe_to_record: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description Record id: `Entity:id` */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Subscribed, maybe before */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    unsubscribe_from_record: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description Record id: `Entity:id` */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Not subscribed any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    subscribe_to_search: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description A search event of the object */
                event: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscribeToSearch"];
            };
        };
        responses: {
            /** @description Subscribed, maybe before */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    unsubscribe_from_search: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the connection */
                connection: string;
                /** @description An object that the app declared */
                object: string;
                /** @description A search event of the object */
                event: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SubscribeToSearch"];
            };
        };
        responses: {
            /** @description Not subscribed any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_deliveries: {
        parameters: {
            query?: {
                /** @description Id of the endpoint. */
                endpoint?: string;
                status?: "pending" | "delivered" | "dead" | "held" | "superseded";
                /** @description Stored at or after this time. */
                since?: string;
                /** @description Stored before this time. */
                until?: string;
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveriesAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the delivery */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryDetailAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    resend_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the delivery */
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_endpoints: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EndpointDocument"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_endpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    replace_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EndpointDocument"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    update_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    pause_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    resume_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    test_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BegunDeliveryAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    rotate_endpoint_secret: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RotateSecret"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    recover_endpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the endpoint */
                endpoint: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecoverEndpoint"];
            };
        };
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_recovery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the recovery */
                recovery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_entities: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_entity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
                /** @description Its name. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_entity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
                /** @description Its name: letters, digits and `_`. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutEntity"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EntityAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_functions: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_function: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_function: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its name: letters, digits and `_`, unique in the workspace. */
                function: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutFunctionDocument"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_function: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    publish_function: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PublishFunction"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_function_versions: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_function_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
                /** @description Number of the version. */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    diff_function_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
                /** @description Number of the version to begin with. */
                version: number;
                /** @description Number of the version to arrive at. */
                to: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionDiffAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_function_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FunctionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    end_function_keys: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_workspace_function_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceKeyAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    end_workspace_function_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    try_function: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TryFunction"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrialAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_function_calls: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
                /** @description `true` for those alone that failed. */
                failed?: boolean;
            };
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_function_call: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Name of the function. */
                function: string;
                /** @description Id of the call. */
                call: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CallAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_inbound_events: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
                /** @description Id of the source. */
                source?: string;
                status?: "new" | "processing" | "failed" | "done";
                /** @description Received at or after this time. */
                since?: string;
                /** @description Received before this time. */
                until?: string;
                /** @description An entity of which a record was written. */
                entity?: string;
                /** @description Id of a record that was written, plain or behind its entity (`Lead:…`). */
                record?: string;
                /** @description Part of the error. */
                error?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboundEventsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_inbound_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the inbound event */
                event: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboundEventAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    replay_inbound_events: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayInboundEvents"];
            };
        };
        responses: {
            /** @description A dry run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayAnswer"];
                };
            };
            /** @description The replay goes on in the background */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_replay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the replay */
                replay: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReplayAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_keys: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKey"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKeyAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, `key_…`. */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_mapping: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MappingDocument"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_mapping: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MappingDocument"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MappingDocument"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    preview_mapping: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewMapping"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_oauth_clients: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OAuthClientListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_oauth_client: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutOAuthClient"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OAuthClientAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_oauth_client: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_connection_objects: {
        parameters: {
            query?: {
                /** @description Fill labels and descriptions that are missing with those of the workspace. */
                with_defaults?: boolean;
            };
            header?: never;
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectsDocument"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_connection_objects: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Its id, chosen by the app. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ObjectsDocument"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectsDocument"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_objects: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_object: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its slug. */
                object: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_object: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its slug. */
                object: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutObject"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectAnswer"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ObjectAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_object: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its slug. */
                object: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_record: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WriteRecord"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    batch_records: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRecords"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    search_records: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchRecords"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_record: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
                /** @description Id of the record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_record: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
                /** @description Id of the record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    update_record: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the connection. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
                /** @description Id of the record. */
                record: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WriteRecord"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecordAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    begin_session: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_webhooks_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_webhooks_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutWebhooksSetting"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhooksSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_webhook_entities_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEntitiesSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_webhook_entities_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEntitiesSetting"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEntitiesSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_origins_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OriginsSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_origins_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OriginsSetting"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OriginsSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_retention_setting: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionSetting"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_sources: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourcesAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_source: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SourceDocument"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_source: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    replace_source: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SourceDocument"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_source: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    update_source: {
        parameters: {
            query?: never;
            header?: {
                /** @description `ETag` of the version that was read, or several; `*` for whichever there is. */
                "If-Match"?: string;
                /** @description `*`: only if there is none yet. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_source_key: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceKeyAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_source_key: {
        parameters: {
            query?: {
                /**
                 * @description How long it still works, such as `30s`, `15m`, `24h` or `7d`. Not given: it ends at once.
                 * @example 24h
                 */
                after?: string;
            };
            header?: never;
            path: {
                /** @description Id of the source */
                source: string;
                /** @description Id of the key */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    try_source: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Id of the source */
                source: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrySource"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrialView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_statistics: {
        parameters: {
            query?: {
                /** @description From this time on, to the minute; an hour before `until` if not given. */
                since?: string;
                /** @description Before this time, to the minute; up to now if not given. */
                until?: string;
                /**
                 * @description Time of one point, in whole minutes such as `1m`, `15m`, `6h` or `1d`; `1m` if not given.
                 *     An answer has 500 points at most.
                 */
                step?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatisticsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    stream_changes_of_lists: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_subscriptions: {
        parameters: {
            query?: {
                /** @description Id of the connection. */
                connection?: string;
                /** @description An object that the app declared. */
                object?: string;
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubscriptionsAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUser"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, `usr_…`. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    update_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id, `usr_…`. */
                user: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateUser"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_workspaces: {
        parameters: {
            query?: {
                /** @description Items wanted, 1 to 200; 50 if not given. */
                limit?: number;
                /** @description `page.next` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkspaceListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_workspace: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key answers what the first request did, for 24 hours. */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWorkspace"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWorkspaceAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    begin_link_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    end_link_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    renew_context_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessTokenAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_link_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkSessionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    create_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TicketAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_platform: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlatformAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_link_connectors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectorListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_link_connector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectorAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_connectors_of_platform: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectorListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_connector_of_platform: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectorAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_link_connections: {
        parameters: {
            query?: {
                /** @description Only those of this connector. */
                slug?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_connection_of_connector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    connect: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Connect"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    disconnect_of_connector: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_link_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    disconnect: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkConnectionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_authorization: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
                /** @description Its id. */
                authorization: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthorizationAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    put_authorization_fields: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Slug of the connector. */
                connector: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TypedFields"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuthorizationAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_link_entities: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkEntityListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_link_entity: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkEntityAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    set_up_crm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkObjects"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmObjectListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    list_api_objects: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiObjectListing"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_api_object: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
                /** @description Name of the entity. */
                entity: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiObjectAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_crm_mapping: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmMappingView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    save_crm_mapping: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SaveCrmMapping"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrmMappingView"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    get_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    finish_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FinishLinkRequest"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    check_link_objects: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LinkObjects"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkObjects"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    save_link_draft: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SaveLinkDraft"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LinkVersionAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    preview_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PreviewLink"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PreviewLinkAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    search_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Its id. */
                connection: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SearchLink"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchLinkAnswer"];
                };
            };
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
}
