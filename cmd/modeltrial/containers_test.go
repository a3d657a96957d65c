package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"modeltrial/store/storetest"
)

// A composeFile is what of compose.yaml concerns the program.
type composeFile struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		HealthCheck struct {
			Test []string `yaml:"test"`
		} `yaml:"healthcheck"`
	} `yaml:"services"`
}

// TestComposeServices runs the commands of compose.yaml as processes of this machine, with
// their environment but for the host of the database: the workers answer the pilot, and
// the rating site is ready where its health check asks. Containers are not built here.
func TestComposeServices(t *testing.T) {
	t.Parallel() // it waits for processes
	text, err := os.ReadFile(filepath.Join("..", "..", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var compose composeFile
	if err := yaml.Unmarshal(text, &compose); err != nil {
		t.Fatal(err)
	}
	database := storetest.NewServer(t)
	provider := newBillingServer(t)
	dir := benchWorkspace(t, provider.URL, 10, "db: "+database.Address)
	ran := 0
	for name, service := range compose.Services {
		if len(service.Command) == 0 {
			continue
		}
		ran++
		address := freeAddress(t)
		args := slices.Clone(service.Command)
		for i := range args {
			if args[i] == ":8080" {
				args[i] = address
			}
		}
		cmd := process(t, append([]string{"-C", dir}, args...)...)
		for key, value := range service.Environment {
			if key == databaseEnv {
				if !strings.HasPrefix(value, "postgres://") || !strings.Contains(value, "@database:5432/") {
					t.Errorf("%s: %s is %q, not the service database", name, key, value)
				}
				value = database.Address
			}
			cmd.Env = append(cmd.Environ(), key+"="+value)
		}
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Signal(os.Interrupt) // as SIGTERM; it may have ended
			_ = cmd.Wait()
			if t.Failed() {
				t.Logf("%s: %s", name, said.String())
			}
		})
		if check := service.HealthCheck.Test; len(check) > 0 {
			within(t, name+" is ready", func() bool {
				response, err := http.Get(strings.Replace(check[len(check)-1], "127.0.0.1:8080", address, 1))
				return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
			})
		}
	}
	if ran != 2 {
		t.Errorf("%d services have commands, want the worker and the rating site", ran)
	}
	within(t, "the worker has answered", func() bool { return provider.count() == 20 })
}

// freeAddress is one of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	s := newBillingServer(t)
	s.Close()
	return strings.TrimPrefix(s.URL, "http://")
}

// within waits until something holds.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal(fmt.Sprint("not within a minute: ", what))
		}
	}
}
