package audit

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// secret puts a made-up key together, so that no scanner takes this file for a leak.
func secret(parts ...string) string { return strings.Join(parts, "") }

func TestRedactText(t *testing.T) {
	t.Parallel()
	const jwtHead = "eyJhbGciOiJIUzI1NiJ9"
	cases := []struct{ name, text, want string }{
		{"nothing", "Summarise the minutes in 5 bullets.", "Summarise the minutes in 5 bullets."},
		{"e-mail", "Write to anna.long+x@mail.example.co.uk.", "Write to [EMAIL_1]."},
		{"the same value has the same number", "a@b.com, C@d.org, A@B.com", "[EMAIL_1], [EMAIL_2], [EMAIL_1]"},
		{"e-mail in brackets and quotes", `<anna@x.de> "'bob@y.fr'"`, `<[EMAIL_1]> "'[EMAIL_2]'"`},
		{"e-mail as a parameter", "https://x.y/?mail=anna@x.de&a=1", "https://x.y/?mail=[EMAIL_1]&a=1"},
		{"e-mail before a word", "at anna@x.d3.Then, a@b.co.4x", "at [EMAIL_1], [EMAIL_2].4x"},
		{"accented e-mail", "an jörg.müller@bücher.de, danke", "an [EMAIL_1], danke"},
		{"e-mail within Japanese", "連絡先はanna@x.jpです", "連絡先は[EMAIL_1]です"},
		{"no e-mail", "@decorator, user@localhost, foo@3x, npm i @scope/pkg@1.2.3, a @ b.com", "@decorator, user@localhost, foo@3x, npm i @scope/pkg@1.2.3, a @ b.com"},
		{"password of an address", "postgres://app:s3cr3t@db.example.com:5432/x", "postgres://app:[SECRET_1]@db.example.com:5432/x"},

		{"international phone", "Ring +49 30 1234567 or +1 (212) 555-0123, +442079460958.", "Ring [PHONE_1] or [PHONE_2], [PHONE_3]."},
		{"the same phone written twice", "+49 30 1234567 = +49-30-1234567", "[PHONE_1] = [PHONE_1]"},
		{"phone with 00", "0049 171 2345678", "[PHONE_1]"},
		{"German phone", "0171/2345678, (030) 123 45 67, 089-1234567", "[PHONE_1], [PHONE_2], [PHONE_3]"},
		{"French phone", "au 06 12 34 56 78 svp", "au [PHONE_1] svp"},
		{"British phone", "020 7946 0958", "[PHONE_1]"},
		{"American phone", "(212) 555-0123, 212-555-0199, 1-800-555-0100, 212.555.0123", "[PHONE_1], [PHONE_2], [PHONE_3], [PHONE_1]"},
		{"Japanese phone", "電話090-1234-5678まで", "電話[PHONE_1]まで"},
		{"phone by the word before", "Phone: 5551234567, mi móvil 612 345 678", "Phone: [PHONE_1], mi móvil [PHONE_2]"},
		{"dates and times", "2026-11-23 09:15:00, 23.11.2026, 11/23/2026, 01-02-2026 1030, 20261123", "2026-11-23 09:15:00, 23.11.2026, 11/23/2026, 01-02-2026 1030, 20261123"},
		{"numbers and ids", "01/2008 - 01/2012, 0.055 -0.0303 -0.0615 -0.0457, 1 234 567 890, 1,234,567,890.12, order 100200300400, 1700000000000, 3.141592653589793, +5 000 000, 10.000.000 €, 300 400 5000", "01/2008 - 01/2012, 0.055 -0.0303 -0.0615 -0.0457, 1 234 567 890, 1,234,567,890.12, order 100200300400, 1700000000000, 3.141592653589793, +5 000 000, 10.000.000 €, 300 400 5000"},
		{"more ids", "ISBN 978-3-16-148410-0, id 0f3a9123456789, v10.15.7.2233, 550e8400-e29b-41d4-a716-446655440000", "ISBN 978-3-16-148410-0, id 0f3a9123456789, v10.15.7.2233, 550e8400-e29b-41d4-a716-446655440000"},
		{"sums of money", "$2125550123, 0171 234 567 EUR", "$2125550123, 0171 234 567 EUR"},
		{"arithmetic", "Compute 212+555*0123 and 123456789012 mod 97", "Compute 212+555*0123 and 123456789012 mod 97"},

		{"card", "4111 1111 1111 1111, 5500-0000-0000-0004, 378282246310005", "[CARD_1], [CARD_2], [CARD_3]"},
		{"card with its month", "4111 1111 1111 1111 12/27", "[CARD_1] 12/27"},
		{"no card by its check digit", "4111 1111 1111 1112 and 4111111111111112", "4111 1111 1111 1112 and 4111111111111112"},
		{"no card by its beginning", "1234567890123452", "1234567890123452"},
		{"iban", "DE89 3704 0044 0532 0130 00 or GB82WEST12345698765432", "[ACCOUNT_1] or [ACCOUNT_2]"},
		{"no iban by its check digits", "DE89 3704 0044 0532 0130 01", "DE89 3704 0044 0532 0130 01"},
		{"account by the word before", "Account number: 12345678; Kontonummer 0532013000", "Account number: [ACCOUNT_1]; Kontonummer [ACCOUNT_2]"},
		{"social security number", "SSN 536-90-4399", "SSN [ACCOUNT_1]"},

		{"keys", secret("sk-", "proj-abc123DEF456ghi789") + " " + secret("gh", "p_abcdefghij0123456789") + " " + secret("AK", "IAIOSFODNN7EXAMPLE"), "[SECRET_1] [SECRET_2] [SECRET_3]"},
		{"the secret of an access key", secret("AK", "IAIOSFODNN7EXAMPLE") + " with the secret " + secret("wJalrXUtnFEMI/K7MD", "ENG/bPxRfiCYEXAMPLEKEY") + ", a@x.org", "[SECRET_1] with the secret [SECRET_2], [EMAIL_1]"},
		{"an access key in a table", secret("AK", "IAIOSFODNN7EXAMPLE") + "," + secret("wJalrXUtnFEMI1K7MD", "ENG1bPxRfiCYEXAMPLEKEY"), "[SECRET_1],[SECRET_2]"},
		{"an access key alone", secret("AS", "IAIOSFODNN7EXAMPLE") + " is in src/components/Navigation/Header2/MainBar.tsx, commit 3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d", "[SECRET_1] is in src/components/Navigation/Header2/MainBar.tsx, commit 3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d"},
		{"more keys", secret("AI", "zaSyA1234567890abcdefghij") + "," + secret("xox", "b-1234-abcdefghij") + "," + secret("sk_", "live_abcdef1234567890"), "[SECRET_1],[SECRET_2],[SECRET_3]"},
		{"token of RFC 7519", "x " + jwtHead + ".eyJzdWIiOiIxIn0.abc-_123", "x [SECRET_1]"},
		{"bearer", "Authorization: Bearer abcdef0123456789abcd", "Authorization: Bearer [SECRET_1]"},
		{"bearer of bad news", "the bearer of responsibilities", "the bearer of responsibilities"},
		{"private key", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb", "a\n[SECRET_1]\nb"},
		{"private key cut off", "-----BEGIN PRIVATE KEY-----\nMIIEabc\nDEF=\n", "[SECRET_1]"},
		{"public key", "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----"},
		{"password", "password=hunter2 DB_PASSWORD: 's3cret word' pwd=abc", "password=[SECRET_1] DB_PASSWORD: '[SECRET_2]' pwd=[SECRET_3]"},
		{"password in JSON", `{"password": "hunter", "api_key":"x1y2z3"} {\"password\":\"hunter2\"}`, `{"password": "[SECRET_1]", "api_key":"[SECRET_2]"} {\"password\":\"[SECRET_3]\"}`},
		{"password in a sentence", "My password is Tr0ub4dor. What now?", "My password is [SECRET_1]. What now?"},
		{"words about passwords", "Password: how do I reset it? The password is wrong. A secret: work hard.", "Password: how do I reset it? The password is wrong. A secret: work hard."},
		{"code about passwords", `password = getpass.getpass(); apiKey: process.env.API_KEY; f(password=password); docker run -v $PWD:/app1; "password": {"type": "string"}; PASSWORD=$PW; password: "must not be empty"`, `password = getpass.getpass(); apiKey: process.env.API_KEY; f(password=password); docker run -v $PWD:/app1; "password": {"type": "string"}; PASSWORD=$PW; password: "must not be empty"`},
		{"words like keys", "sk-learn-compatible-estimators, risk-adjusted returns of 2026, task_management_system", "sk-learn-compatible-estimators, risk-adjusted returns of 2026, task_management_system"},
		{"addresses of the internet stay", "10.0.0.1 and 2001:db8::1", "10.0.0.1 and 2001:db8::1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &Redactor{}
			if got := r.Text(c.text); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRedactIPs(t *testing.T) {
	t.Parallel()
	r := &Redactor{IPs: true}
	text := "from 192.168.1.20:8080 and 2001:db8::8a2e:370:7334, not 1.2.3, 256.1.1.1, 12:30:45, std::vector or a::b"
	want := "from [IP_1]:8080 and [IP_2], not 1.2.3, 256.1.1.1, 12:30:45, std::vector or a::b"
	if got := r.Text(text); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRedactTask(t *testing.T) {
	t.Parallel()
	task := Task{
		ID: "t1", User: "anna@x.de", Team: "support", Prompt: "Mail bob@y.fr", System: "You serve anna@x.de",
		Conversation: []Message{{Role: "user", Content: "I am anna@x.de, card 4111111111111111"}},
		Response:     "Dear anna@x.de", Reference: "bob@y.fr", FinalText: "bob@y.fr",
		Metadata: map[string]string{"api_key": "abcdef", "note": "anna@x.de", "empty": ""},
		Tags:     []string{"vip", "bob@y.fr"},
	}
	r := &Redactor{Pseudonym: func(name string) string { return "P(" + strings.ToUpper(name[:1]) + ")" }}
	r.Task(&task)
	want := Task{
		ID: "t1", User: "P(A)", Team: "support", Prompt: "Mail [EMAIL_2]", System: "You serve [EMAIL_1]",
		Conversation: []Message{{Role: "user", Content: "I am [EMAIL_1], card [CARD_1]"}},
		Response:     "Dear [EMAIL_1]", Reference: "[EMAIL_2]", FinalText: "[EMAIL_2]",
		Metadata: map[string]string{"api_key": "[SECRET_1]", "note": "[EMAIL_1]", "empty": ""},
		Tags:     []string{"vip", "P(B)"},
	}
	if diff := cmp.Diff(want, task); diff != "" {
		t.Errorf("task (-want +got):\n%s", diff)
	}
	wantCounts := map[Redaction]int{RedactedEmail: 9, RedactedCard: 1, RedactedSecret: 1}
	if diff := cmp.Diff(wantCounts, r.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if left := r.Counts(); len(left) != 0 {
		t.Errorf("counts after counting: %v, want none", left)
	}
	r.Task(&task)
	if diff := cmp.Diff(want, task); diff != "" {
		t.Errorf("a second time (-want +got):\n%s", diff)
	}
}

// FuzzRedact holds a redactor to what must be so of every text.
func FuzzRedact(f *testing.F) {
	for _, seed := range []string{
		"", "anna@x.de", "+49 30 1234567", "4111 1111 1111 1111 12/27", "DE89370400440532013000", "password=hunter2",
		`{"password":"a1b2"}`, "-----BEGIN PRIVATE KEY-----\nabc", "postgres://a:b1c@d", "eyJhbGciOiJIUzI1NiJ9.e30.x", "10.0.0.1 ::1 2001:db8::1",
		"a@b.com4111111111111111+491712345678", "口座番号1234567", "my password is x1!", "\xff@x.de", "[EMAIL_1]@x.de", "pwd=[SECRET_1]x9",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, ips bool) {
		once := (&Redactor{IPs: ips}).Text(text)
		r := &Redactor{IPs: ips}
		if twice := r.Text(once); twice != once || len(r.Counts()) > 0 {
			t.Errorf("%q\ngives %q\nand again %q", text, once, twice)
		}
		if utf8.ValidString(text) && !utf8.ValidString(once) {
			t.Errorf("%q gives %q, which is not UTF-8", text, once)
		}
	})
}

const plainText = `We run a small bakery in Lyon with 12 employees and want to change the supplier of flour by 1 March 2026.
Please compare the three offers below by price per 25 kg, delivery time and minimum order, and recommend one in at most five sentences.
Offer A: 18.40 EUR, 3 days, 40 bags. Offer B: 17.95 EUR, 6 days, 60 bags. Offer C: 19.10 EUR, next day, 10 bags; see https://example.com/offers?id=4711.
Use a table; mention the risk of late delivery, and say what you are not sure of. `

// BenchmarkRedact has a copy of the same bytes beside it, the least that any
// rewriting costs.
func BenchmarkRedact(b *testing.B) {
	personal := plainText + "Write to anna.long@example.com or call +33 6 12 34 56 78; card 4111 1111 1111 1111."
	for name, text := range map[string]string{"plain": plainText, "personal": personal} {
		b.Run(name, func(b *testing.B) {
			r := &Redactor{}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if r.Text(text) == "" {
					b.Fatal("empty")
				}
			}
		})
	}
	b.Run("copy", func(b *testing.B) {
		b.SetBytes(int64(len(plainText)))
		b.ReportAllocs()
		for b.Loop() {
			if strings.Clone(plainText) == "" {
				b.Fatal("empty")
			}
		}
	})
}

// TestRedactOfHostileTextEnds takes texts made to be slow: a search that looks back or
// ahead without a bound would take minutes for them.
func TestRedactOfHostileTextEnds(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{
		"@", "a@", "a.", "1", "1 ", "12-", "+1", "(", "((1", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "password=(", `password="`, "sk-", "sk-a1b2c3d4", "eyJ",
		"://a:", "://a:b@", "::", "1:", "bearer ", "my password is ", "DE89", "4111 ", "0", "é", "é@", "\xff@", "=", ": ",
	} {
		text := strings.Repeat(piece, 1<<18/len(piece))
		r := &Redactor{IPs: true}
		once := r.Text(text)
		if twice := r.Text(once); twice != once {
			t.Errorf("%q repeated is redacted further the second time", piece)
		}
	}
}
