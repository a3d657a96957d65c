package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// mockBatches are the batch interface of a [mockModel]: a batch is done when it is asked
// for the second time.
type mockBatches struct {
	mu    sync.Mutex
	files [][]string
	asked map[string]int
}

// serve answers what is of the batch interface.
func (m *mockBatches) serve(w http.ResponseWriter, r *http.Request) (served bool) {
	if !strings.HasPrefix(r.URL.Path, "/v1/files") && !strings.HasPrefix(r.URL.Path, "/v1/batches") {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch id := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]; {
	case r.Header.Get("Authorization") != "Bearer sk-test-secret-1234":
		http.Error(w, `{"error":{"message":"wrong key"}}`, http.StatusUnauthorized)
	case r.URL.Path == "/v1/files":
		file, _, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return true
		}
		var lines []string
		for scanner := bufio.NewScanner(file); scanner.Scan(); {
			lines = append(lines, scanner.Text())
		}
		m.files = append(m.files, lines)
		fmt.Fprintf(w, `{"id":"%d"}`, len(m.files)-1)
	case r.URL.Path == "/v1/batches" && r.Method == http.MethodPost:
		var body struct {
			File string `json:"input_file_id"`
		}
		_ = json.NewDecoder(r.Body).Decode(&body) // without a file there is none
		fmt.Fprintf(w, `{"id":"%s","status":"validating"}`, body.File)
	case id == "content":
		m.results(w, strings.Split(r.URL.Path, "/")[3])
	case m.asked[id] == 0:
		if m.asked == nil {
			m.asked = map[string]int{}
		}
		m.asked[id]++
		fmt.Fprintf(w, `{"id":"%s","status":"in_progress"}`, id)
	default:
		fmt.Fprintf(w, `{"id":"%s","status":"completed","output_file_id":"%s"}`, id, id)
	}
	return true
}

// results answers each line of a file.
func (m *mockBatches) results(w http.ResponseWriter, file string) {
	var number int
	if _, err := fmt.Sscan(file, &number); err != nil || number >= len(m.files) {
		http.NotFound(w, nil)
		return
	}
	for _, text := range m.files[number] {
		var line struct {
			ID   string `json:"custom_id"`
			Body struct {
				Model    string
				Messages []struct{ Content string }
			}
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			panic(err) // the file is modeltrial's own
		}
		answer, err := json.Marshal("answer to " + line.Body.Messages[len(line.Body.Messages)-1].Content)
		if err != nil {
			panic(err) // text is always JSON
		}
		fmt.Fprintf(w, `{"custom_id":%q,"response":{"status_code":200,"body":{"model":%q,"choices":[{"index":0,"finish_reason":"stop","message":{"content":%s}}],"usage":{"prompt_tokens":20,"completion_tokens":10}}}}`+"\n",
			line.ID, line.Body.Model+"-2026", answer)
	}
}
