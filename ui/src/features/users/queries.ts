import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ask, type UserRole } from "../../api/client";

const USERS = ["users"] as const;

export function useUsers(cursor: string | undefined) {
  return useQuery({
    queryKey: [...USERS, cursor],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/users", { params: { query: cursor ? { cursor } : {} }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useCreateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; role: UserRole; password?: string }) => ask(api.POST("/api/v1/users", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: USERS }),
  });
}

export function useUpdateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string; role?: UserRole; reset_password?: boolean }) =>
      ask(api.PATCH("/api/v1/users/{user}", { params: { path: { user: id } }, body: body as never })),
    // Whoever changes their own role is another now.
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: USERS }), client.invalidateQueries({ queryKey: ["session"] })]),
  });
}

export function useDeleteUser(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/users/{user}", { params: { path: { user: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: USERS }),
  });
}
