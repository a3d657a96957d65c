package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modeltrial/eval"
)

func TestReach(t *testing.T) {
	cases := []struct {
		name    string
		handler http.HandlerFunc
		says    string // of an endpoint that is there; else the error does
		fails   bool
	}{
		{"there", refuse(200, "", "", `{"data":[]}`), " answers", false},
		{"without a list", refuse(404, "", "", ""), "lists no models (HTTP 404)", false},
		{"wrong key", refuse(401, "", "", "bad "+secret), "refuses the key; check the key in the environment variable", true},
		{"elsewhere", refuse(302, "Location", "https://elsewhere.invalid/"+secret, ""), "https://elsewhere.invalid/[key]", true},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", true},
	}
	for _, d := range dialects {
		for _, c := range cases {
			t.Run(d.name+"/"+c.name, func(t *testing.T) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodGet || r.URL.Path != "/v1/models" || r.Header.Get("Authorization")+r.Header.Get("X-Api-Key") == "" {
						t.Errorf("got %s %s with %v", r.Method, r.URL.Path, r.Header)
					}
					c.handler(w, r)
				}))
				t.Cleanup(server.Close)
				config := eval.Provider{Name: "test", Kind: d.kind, API: d.api, BaseURL: server.URL + "/v1/", APIKeyEnv: "KEY"}
				detail, err := Reach(t.Context(), config, func(string) string { return secret })
				if err != nil {
					detail = err.Error()
				}
				if (err != nil) != c.fails || !strings.Contains(detail, c.says) || strings.Contains(detail, secret) {
					t.Errorf("got %q, %v, want %q", detail, err, c.says)
				}
			})
		}
	}
	if _, err := Reach(t.Context(), eval.Provider{Name: "files", Kind: eval.ProviderRecorded}, nil); err != nil {
		t.Errorf("a provider that is not called gives %v", err)
	}
}
