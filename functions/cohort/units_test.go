package cohort

import (
	"net/http"
	"os"
	"testing"
)

// TestUnitsOfEachAction asserts what docs/data-model.md says.
func TestUnitsOfEachAction(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(3, 2)
	third := w.applyFor(2)
	team := w.Bearer("team")
	for _, action := range []struct {
		name        string
		do          func()
		read, write float64
	}{
		{"apply with four", func() { w.applyFor(3) }, 1, 21},
		{"confirm", func() {
			w.call(http.StatusOK, "POST", "/v1/applications/"+third.ID+"/confirm", tokenBody{w.tokenOf("state2@territoire.example")}, nil)
		}, 3, 9},
		{"accept", func() {
			w.call(http.StatusOK, "POST", "/v1/applications/"+ids[0]+"/decision", `{"decision":"accepted"}`, nil, team...)
		}, 6, 23},
		{"see a cohort", func() { w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie", nil, nil) }, 2, 0},
		{"list cohorts", func() { w.call(http.StatusOK, "GET", "/v1/cohorts", nil, nil) }, 1.5, 0},
		{"list applications, four", func() { w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie/applications", nil, nil, team...) }, 9.5, 0},
		{"the team's page of a cohort, four applications", func() { w.call(http.StatusOK, "GET", "/equipe/cohortes/occitanie", nil, nil, team...) }, 11.5, 0},
		{"the team's page of an application", func() {
			w.call(http.StatusOK, "GET", "/equipe/cohortes/occitanie/candidatures/"+ids[1], nil, nil, team...)
		}, 8, 0},
		{"write to the four", func() {
			item, err := w.application(t.Context(), ids[1])
			if err == nil {
				err = w.write(w.member(), item, "Bonjour.", "k")
			}
			if err != nil {
				t.Error(err)
			}
		}, 7, 12},
	} {
		read, write := w.Units(action.do)
		t.Logf("| %s | %v | %v |", action.name, read, write)
		local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && read <= action.read
		if !local && (read != action.read || write != action.write) {
			t.Errorf("%s: %v read, %v write, instead of %v and %v", action.name, read, write, action.read, action.write)
		}
	}
}
