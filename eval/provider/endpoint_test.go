package provider

import "testing"

func TestRedactFindsTheKeyInEveryForm(t *testing.T) {
	const key = `sk-a/b+"c=`
	redacting := endpoint{secret: secretPattern(key)}
	for _, text := range []string{
		key, `sk-a\/b+\"c=`, `sk\u002da\u002Fb\u002b\u0022c\u003D`, "sk-a%2Fb%2b%22c%3D",
	} {
		if got := redacting.redact("<" + text + ">"); got != "<[key]>" {
			t.Errorf("%s: got %s", text, got)
		}
	}
	if got := redacting.redact("sk-a"); got != "sk-a" {
		t.Errorf("a part of it became %s", got)
	}
}
