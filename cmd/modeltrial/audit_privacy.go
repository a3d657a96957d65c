package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/report"
	"modeltrial/store"
)

// privacy is what an import does to personal data before anything is stored.
type privacy struct {
	redact, redactIPs, hashUsers bool
}

func (p *privacy) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.redact, "redact", false, "replace e-mail addresses, phone, card and account numbers, keys and passwords by placeholders such as [EMAIL_1] before anything is stored; also in the rejects file")
	cmd.Flags().BoolVar(&p.redactIPs, "redact-ips", false, "as --redact, and IP addresses too")
	cmd.Flags().BoolVar(&p.hashUsers, "hash-users", false, "store a pseudonym for each user instead of the name; the key stays in this workspace")
}

// usersKey is the name of the key of pseudonyms.
const usersKey = "users"

// A protector does to one file after the other what was asked for; the zero
// protector does nothing.
type protector struct {
	redactor   *audit.Redactor // of tasks
	rejects    *audit.Redactor // of rejected rows, which another goroutine may write
	pseudonyms *audit.Pseudonymizer
	hashUsers  bool
	hashed     int
}

func (p privacy) protector(ctx context.Context, s *store.Store) (*protector, error) {
	if p == (privacy{}) {
		return &protector{}, nil
	}
	key, err := s.WorkspaceKey(ctx, usersKey)
	if err != nil {
		return nil, err
	}
	return p.withKey(key), nil
}

// dryProtector does the same for tasks that are only shown. Its pseudonyms are of a key
// of its own: a dry run writes nothing, and the workspace may not have a key yet.
func (p privacy) dryProtector() *protector {
	if p == (privacy{}) {
		return &protector{}
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return p.withKey(key)
}

func (p privacy) withKey(key []byte) *protector {
	protect := &protector{hashUsers: p.hashUsers}
	protect.pseudonyms = audit.NewPseudonymizer(key)
	if p.redact || p.redactIPs {
		protect.redactor = &audit.Redactor{IPs: p.redactIPs, Pseudonym: protect.pseudonyms.Pseudonym}
		protect.rejects = &audit.Redactor{IPs: p.redactIPs}
	}
	return protect
}

// task changes a task before it is stored.
func (p *protector) task(task *audit.Task) {
	if p.hashUsers && task.User != "" {
		task.User = p.pseudonyms.Pseudonym(task.User)
		p.hashed++
	}
	if p.redactor != nil {
		p.redactor.Task(task)
	}
}

// rejected redacts what goes to a rejects file; nil where nothing is to be.
func (p *protector) rejected() func(string) string {
	if p.rejects == nil {
		return nil
	}
	// JSON may write the signs of an address or a number by their code points.
	plain := strings.NewReplacer(`\u0040`, "@", `\u002b`, "+", `\u002B`, "+")
	return func(text string) string { return p.rejects.Text(plain.Replace(text)) }
}

// count puts what was done to a file into its report.
func (p *protector) count(read *ingest.FileReport) {
	if p.redactor != nil {
		read.Redacted = p.redactor.Counts()
		for kind, n := range p.rejects.Counts() {
			read.Redacted[kind] += n
		}
	}
	if redact := p.rejected(); redact != nil {
		for i := range read.Reasons {
			read.Reasons[i] = redact(read.Reasons[i])
		}
		p.rejects.Counts() // the rejects file has them already
	}
	read.HashedUsers, p.hashed = p.hashed, 0
}

// sayProtected says what was replaced in a file.
func sayProtected(out io.Writer, read ingest.FileReport) {
	if read.Redacted != nil {
		var parts []string
		for _, kind := range audit.Redactions {
			if n := read.Redacted[kind]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s %s", report.Count(n), redactionWord(kind, n)))
			}
		}
		if len(parts) == 0 {
			parts = []string{"nothing found"}
		}
		fmt.Fprintf(out, "  redacted: %s\n", strings.Join(parts, ", "))
	}
	if read.HashedUsers > 0 {
		fmt.Fprintf(out, "  users: %s names replaced by pseudonyms\n", report.Count(read.HashedUsers))
	}
}

func redactionWord(kind audit.Redaction, n int) string {
	words := map[audit.Redaction][2]string{
		audit.RedactedEmail: {"e-mail address", "e-mail addresses"}, audit.RedactedPhone: {"phone number", "phone numbers"},
		audit.RedactedCard: {"card number", "card numbers"}, audit.RedactedAccount: {"account number", "account numbers"},
		audit.RedactedSecret: {"key or password", "keys or passwords"}, audit.RedactedIP: {"IP address", "IP addresses"},
	}[kind]
	if n == 1 {
		return words[0]
	}
	return words[1]
}
