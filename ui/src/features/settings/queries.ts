import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../api/client";

const SETTINGS = ["settings"] as const;

export function useWebhooksSetting() {
  return useQuery({
    queryKey: [...SETTINGS, "webhooks"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/settings/webhooks", { signal })),
  });
}

export function useSaveWebhooks() {
  const client = useQueryClient();
  return useMutation({
    /** A token that is not given stays as it is. */
    mutationFn: (body: { url: string | null; token?: string | null }) => ask(api.PUT("/api/v1/settings/webhooks", { body })),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: SETTINGS }), client.invalidateQueries({ queryKey: ["endpoints"] })]),
  });
}

export function useWebhookEntities() {
  return useQuery({
    queryKey: [...SETTINGS, "webhook-entities"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/settings/webhook-entities", { signal }))).entities,
  });
}

export function useSaveWebhookEntities() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (entities: string[]) => ask(api.PUT("/api/v1/settings/webhook-entities", { body: { entities } })),
    onSuccess: () => client.invalidateQueries({ queryKey: SETTINGS }),
  });
}

export function useOrigins() {
  return useQuery({
    queryKey: [...SETTINGS, "origins"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/settings/origins", { signal }))).origins,
  });
}

export function useSaveOrigins() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (origins: string[]) => ask(api.PUT("/api/v1/settings/origins", { body: { origins } })),
    onSuccess: () => client.invalidateQueries({ queryKey: SETTINGS }),
  });
}

export function useOAuthClients() {
  return useQuery({
    queryKey: [...SETTINGS, "oauth-clients"],
    queryFn: async ({ signal }) => (await ask(api.GET("/api/v1/oauth-clients", { signal }))).oauth_clients,
  });
}

export function useSaveOAuthClient(connector: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { client_id: string; client_secret: string }) => ask(api.PUT("/api/v1/oauth-clients/{connector}", { params: { path: { connector } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: SETTINGS }),
  });
}

export function useDeleteOAuthClient(connector: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/oauth-clients/{connector}", { params: { path: { connector } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: SETTINGS }),
  });
}

export function useRetention() {
  return useQuery({
    queryKey: [...SETTINGS, "retention"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/settings/retention", { signal })),
  });
}
