// Fields that adding and changing a camera share.

import { Field } from "../ui";

interface TextProps {
  value: string;
  set: (value: string) => void;
}

interface AddressProps extends TextProps {
  label: string;
  hint: string;
  placeholder?: string;
  testid?: string;
  isRequired?: boolean;
}

export function Address({ label, hint, value, set, placeholder, testid, isRequired = false }: AddressProps) {
  return (
    <Field label={label} hint={hint}>
      <input
        data-testid={testid}
        value={value}
        placeholder={placeholder}
        required={isRequired}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </Field>
  );
}

export function SubAddress({ hint, value, set }: TextProps & { hint: string }) {
  return <Address label="Address of its second, smaller stream" hint={hint} value={value} set={set} />;
}

export const SUB_HINT = "Optional. It is cheaper to watch.";

export function Transport({ value, set }: TextProps) {
  return (
    <Field label="Transport" hint="TCP loses nothing. Choose UDP only if the camera insists.">
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="tcp">TCP</option>
        <option value="udp">UDP</option>
      </select>
    </Field>
  );
}
