import { useState } from "react";
import { useLocation } from "wouter";
import { errorAt } from "../api/problem";
import { PageHeader } from "../components/bits";
import { CodeEditor } from "../components/code-editor";
import { Form } from "../components/form";
import { TextField } from "../components/inputs";
import { FunctionSettings, settingsDocument, type Settings } from "../features/functions/function-settings";
import { completeHostApi } from "../features/functions/host-api";
import { useCreateFunction } from "../features/functions/queries";
import { useStrings } from "../strings";

const FIRST = `function handler(crmAPIRequest) {
  const body = JSON.parse(crmAPIRequest.get("body"));
  info("received", body);
  return body;
}
`;

export default function NewFunctionPage() {
  const t = useStrings();
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const [source, setSource] = useState(FIRST);
  const [settings, setSettings] = useState<Settings>({ restApi: true, arguments: "", connection: "" });
  const create = useCreateFunction();
  const save = (): void => {
    if (create.isPending) return;
    create.mutate({ name: name.trim(), document: settingsDocument(source, settings) }, { onSuccess: ({ name }) => navigate(`/functions/${name}`) });
  };
  return (
    <>
      <PageHeader title={t.functions.new} up={{ to: "/functions", label: t.functions.title }} />
      <Form submit={t.functions.create} back="/functions" busy={create.isPending} error={create.error} onSubmit={save}>
        <TextField
          label={t.functions.name}
          hint={t.functions.nameHint}
          placeholder="on_invoice"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          error={errorAt(create.error, "/name")}
          onChange={setName}
        />
        <CodeEditor label={t.functions.code} first={FIRST} complete={completeHostApi} onChange={setSource} onSave={save} />
        <FunctionSettings settings={settings} error={create.error} onChange={setSettings} />
      </Form>
    </>
  );
}
