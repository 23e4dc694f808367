// The page of somebody who embeds the vendor's library. What it shows is asked for in its address, as JSON after the
// hash; what the library tells it is kept in `window.told`.
import {
  AmpersandProvider,
  ConnectProvider,
  InstallationProvider,
  InstallIntegration,
  useConnection,
  useCreateInstallation,
  useDeleteInstallation,
  useInstallation,
  useLocalConfig,
  useManifest,
  useUpdateInstallation,
} from "@amp-labs/react";
import "@amp-labs/react/styles";
import { createRoot } from "react-dom/client";

const asked = JSON.parse(decodeURIComponent(location.hash.slice(1)));
window.told = [];
const tell =
  (what) =>
  (...about) =>
    window.told.push({ what, about: JSON.parse(JSON.stringify(about.map(plain))) });
const plain = (value) => (value instanceof Error ? `${value.name}: ${value.message}` : (value ?? null));

const whose = {
  consumerRef: asked.consumerRef,
  consumerName: asked.consumerName,
  groupRef: asked.groupRef,
  groupName: asked.groupName,
};

// A page without a key of the project: its own server says who is logged in.
const getToken = async (of) => {
  const answer = await fetch(`/token?${new URLSearchParams(of)}`);
  tell("token")(of);
  return await answer.text();
};

function Install() {
  return (
    <InstallIntegration
      integration={asked.integration}
      {...whose}
      fieldMapping={asked.fieldMapping}
      onInstallSuccess={tell("installed")}
      onUpdateSuccess={tell("updated")}
      onUninstallSuccess={tell("uninstalled")}
    />
  );
}

function Connect() {
  return (
    <ConnectProvider
      provider={asked.provider}
      {...whose}
      onConnectSuccess={tell("connected")}
      onDisconnectSuccess={tell("disconnected")}
    />
  );
}

function Headless() {
  return (
    <InstallationProvider integration={asked.integration} {...whose}>
      <Buttons />
    </InstallationProvider>
  );
}

// A page of one's own instead of the library's.
function Buttons() {
  const { connection } = useConnection();
  const { installation, isPending } = useInstallation();
  const manifest = useManifest();
  const config = useLocalConfig();
  const { createInstallation } = useCreateInstallation();
  const { updateInstallation } = useUpdateInstallation();
  const { deleteInstallation } = useDeleteInstallation();
  const choose = () => {
    const read = config.readObject(asked.objectName);
    read.setEnableRead();
    for (const fieldName of asked.fields ?? []) read.setSelectedField({ fieldName, selected: true });
    for (const [mapToName, fieldName] of Object.entries(asked.mappings ?? {}))
      read.setFieldMapping({ fieldName, mapToName });
  };
  const allow = () => config.writeObject(asked.objectName).setEnableWrite();
  const then = (what) => ({ onSuccess: tell(what), onError: tell("refused") });
  const offered = manifest.getReadObject(asked.objectName).object;
  return (
    <>
      <p>connection: {connection?.id ?? "none"}</p>
      <p>installation: {isPending ? "unknown" : (installation?.id ?? "none")}</p>
      <p>offered: {offered?.displayName ?? "nothing"}</p>
      <pre id="config">{JSON.stringify(installation?.config ?? null)}</pre>
      <pre id="draft">{JSON.stringify(config.draft)}</pre>
      <button onClick={choose}>Choose</button>
      <button onClick={allow}>Allow</button>
      <button onClick={() => createInstallation({ config: config.get(), ...then("created") })}>Create</button>
      <button onClick={() => updateInstallation({ config: config.get(), ...then("updated") })}>Update</button>
      <button onClick={() => deleteInstallation(then("deleted"))}>Delete</button>
    </>
  );
}

const shown = { Install, Connect, Headless }[asked.show];
const options = { project: asked.project, ...(asked.apiKey ? { apiKey: asked.apiKey } : { getToken }) };
const Shown = shown;
createRoot(document.getElementById("root")).render(
  <AmpersandProvider options={options}>
    <Shown />
  </AmpersandProvider>,
);
