package bilan

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/events"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// schemaOf reads the published schema of a type of fact.
func schemaOf(t testing.TB, kind string) *jsonschema.Schema {
	t.Helper()
	name := kind + ".schema.json"
	text, err := events.Schemas.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(name, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// follows tells whether a fact follows the schema of its type.
func follows(t testing.TB, schema *jsonschema.Schema, f ledger.Fact) error {
	t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	event, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(event)
}

// drawn are values for a field: good ones first, then some that no field takes.
// What only a register or a clock can tell (an unknown code, a day to come) is
// left to TestFaultsOfFacts.
func drawn(f field) (good, bad []any) {
	bad = []any{true, 3.5, -1.0, 10_001.0, []any{}, "not one of these", "Écrire à nom@exemple.fr", "06 12 34 56 78", "…"}
	switch f.Kind {
	case line:
		good = []any{"Une conférence", "7", strings.Repeat("é", 200)}
		bad = append(slices.DeleteFunc(bad, func(v any) bool { return v == "not one of these" }), strings.Repeat("é", 201))
	case past, day:
		good = []any{"2023-05-04", "2000-02-29", "2024-12-31"}
		bad = append(bad, "2023-02-29", "1999-12-31", "4 mai 2023", "2023-05-04T10:00:00Z")
	case flag:
		good, bad = []any{true, false}, bad[1:]
	case choice:
		for _, o := range f.Choices {
			good = append(good, o.Value)
		}
	case slug:
		good = []any{"respir", "sensitive-diagnosis", "a", "2"}
		bad = append(bad, "Respir", "-a", "a--b", strings.Repeat("a", 81))
	case count:
		good = []any{0.0, 8.0, 10_000.0}
		bad = append(bad, "8")
	case address:
		good = []any{"https://exemple.fr/article?a=1", "http://exemple.fr"}
		bad = append(bad, "exemple.fr", "ftp://exemple.fr", "https://", "javascript:alert(1)")
	case code:
		good = []any{"35238", "REG-76", "243500139", "01"}
	}
	return good, bad
}

// TestRulesSayWhatTheSchemasSay: a fact that the rules let through follows its
// schema, and one that follows it is let through. Schemas are for whoever reads
// facts, rules for whoever writes them: neither may know better.
func TestRulesSayWhatTheSchemasSay(t *testing.T) {
	for _, form := range forms {
		t.Run(form.Type, func(t *testing.T) {
			schema := schemaOf(t, form.Type)
			rapid.Check(t, func(rt *rapid.T) {
				data := map[string]any{}
				for _, field := range form.Fields {
					good, bad := drawn(field)
					switch rapid.IntRange(0, 9).Draw(rt, field.Name) {
					case 0:
					case 1:
						data[field.Name] = rapid.SampledFrom(bad).Draw(rt, "bad "+field.Name)
					default:
						data[field.Name] = rapid.SampledFrom(good).Draw(rt, "good "+field.Name)
					}
				}
				if rapid.IntRange(0, 19).Draw(rt, "more") == 0 {
					data["more"] = "x"
				}
				if ended, _ := data["ended_on"].(string); ended < asText(data["started_on"]) {
					delete(data, "ended_on") // that one comes before the other, no schema tells
				}
				fact := ledger.New("fact_"+strings.Repeat("0", 26), "bilan", form.Type, "subject", paris("2023-05-04 00:00"), maps.Clone(data))
				violation := follows(t, schema, fact)
				var faults fault.Fields
				form.check(data, "2026-03-10", &faults)
				if (violation == nil) != (len(faults) == 0) {
					rt.Fatalf("%v: the schema says %v, the rules %v", fact.Data, violation, faults)
				}
				fact.Data = data
				if len(faults) == 0 && follows(t, schema, fact) != nil {
					rt.Fatalf("what is stored does not follow the schema: %v", data)
				}
			})
		})
	}
}

func asText(value any) string {
	text, _ := value.(string)
	return text
}

// TestFaultsOfFacts: all faults at once, and nothing changes.
func TestFaultsOfFacts(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"unknown type":    {`{"type":"party","data":{}}`, []string{"body.type"}},
		"no data":         {`{"type":"intervention"}`, []string{"body.data.form", "body.data.on", "body.data.title"}},
		"future":          {`{"type":"intervention","data":{"title":"Demain","on":"2026-03-11","form":"talk"}}`, []string{"body.data.on"}},
		"address":         {`{"type":"intervention","data":{"title":"Voir a.b@exemple.fr","on":"2026-03-10","form":"talk"}}`, []string{"body.data.title"}},
		"phone":           {`{"type":"media.appearance.v1","data":{"title":"Radio","outlet":"Appeler le +33 6 12 34 56 78","on":"2026-03-10"}}`, []string{"body.data.outlet"}},
		"unknown code":    {`{"type":"support.experimental","data":{"programme":"respir","territory":"99999","started_on":"2023-01-01"}}`, []string{"body.data.territory"}},
		"ends first":      {`{"type":"thesis","data":{"title":"T","institution":"U","started_on":"2023-05-01","ended_on":"2023-04-30"}}`, []string{"body.data.ended_on"}},
		"corrects none":   {`{"type":"training","data":{"subject":"x","on":"2023-05-01","pairs":1.5},"corrects":"fact_0"}`, []string{"body.corrects", "body.data.pairs"}},
		"corrects twice":  {`{"type":"training","data":{"subject":"x","on":"2023-05-01","corrects":"fact_1"},"corrects":"fact_0"}`, []string{"body.corrects", "body.data.corrects"}},
		"voids nothing":   {`{"type":"fact.voided","data":{"reason":"Par erreur"}}`, []string{"body.corrects"}},
		"voids unknown":   {`{"type":"fact.voided","corrects":"fact_0","data":{}}`, []string{"body.corrects", "body.data.reason"}},
		"names who":       {`{"type":"fact.voided","corrects":"fact_0","data":{"reason":"Écrire à a.b@exemple.fr"}}`, []string{"body.corrects", "body.data.reason"}},
		"everything":      {`{"type":"intervention","data":{"title":1,"on":"hier","form":"song","representative":"yes","territory":"?","more":1}}`, []string{"body.data.form", "body.data.more", "body.data.on", "body.data.representative", "body.data.territory", "body.data.title"}},
		"wrong structure": {`{"type":3,"data":[]}`, []string{"body.data", "body.type"}},
	} {
		var problem web.Problem
		w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts", c.body, &problem, team...)
		var got []string
		for _, e := range problem.Errors {
			got = append(got, e.Location)
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
	if n := len(w.Dump("Ledger")) + len(w.Dump("Bilans")); n > 0 {
		t.Errorf("%d items are there", n)
	}
}

const intervention = `{"type":"intervention","data":{"title":"Congrès des maires","on":"2023-05-04","form":"talk","representative":true,"territory":"35238"}}`

// A fact is dated by when it happened, counted in that year, and recorded once
// for its Idempotency-Key.
func TestRecordAFact(t *testing.T) {
	w := newWorld(t)
	var first, again factView
	w.call(http.StatusUnauthorized, "POST", "/v1/facts", intervention, nil)
	w.call(http.StatusForbidden, "POST", "/v1/facts", intervention, nil, w.Bearer("other")...)
	team := append(w.Bearer("team"), "Idempotency-Key", "k1")
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &first, team...)
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &again, team...)
	if first.ID == "" || again.ID != first.ID || !first.Time.Equal(paris("2023-05-04 00:00")) || first.Type != "intervention.v1" {
		t.Errorf("%+v and %+v", first, again)
	}
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts", strings.Replace(intervention, "04", "05", 1), nil, team...)
	w.Drain()
	if got := values(w.bilan(2023)); got["interventions.all"] != 1 || got["interventions.representative"] != 1 {
		t.Errorf("%v", got)
	}
	if schemaErr := follows(t, schemaOf(t, "intervention.v1"), ledger.Fact{SpecVersion: first.SpecVersion, ID: first.ID, Source: first.Source, Type: first.Type,
		Subject: first.Subject, Time: first.Time, DataContentType: first.DataContentType, DataSchema: first.DataSchema, Data: first.Data}); schemaErr != nil {
		t.Error(schemaErr)
	}
	var page factPage
	w.call(http.StatusOK, "GET", "/v1/facts?type=intervention&year=2023", nil, &page, w.Bearer("team")...)
	if len(page.Items) != 1 || page.Items[0].ID != first.ID {
		t.Errorf("%+v", page)
	}
	if entries := w.Dump("Audit"); len(entries) != 1 {
		t.Errorf("%v", entries)
	}
}

// A fact is corrected once, by one of its type; then the correction can be.
func TestCorrectAFact(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	var first, second factView
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &first, team...)
	correction := strings.Replace(intervention, "2023-05-04", "2022-05-04", 1)
	correction = strings.Replace(correction, `"type"`, `"corrects":"`+first.ID+`","type"`, 1)
	w.call(http.StatusCreated, "POST", "/v1/facts", correction, &second, team...)
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts", correction, nil, team...)
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts",
		`{"type":"training","data":{"subject":"x","on":"2023-05-01"},"corrects":"`+second.ID+`"}`, nil, team...)
	w.Clock.Advance(time.Second)
	w.Drain()
	if before, now := values(w.bilan(2022)), values(w.bilan(2023)); before["interventions.all"] != 1 || now["interventions.all"] != 0 {
		t.Errorf("%d in 2022, %d in 2023", before["interventions.all"], now["interventions.all"])
	}
}

// A fact recorded by mistake is made void: it counts no more, nothing stands in
// its place, and that is the end of it.
func TestVoidAFact(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	var kept, first, second, void, again factView
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &kept, team...)
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &first, team...)
	body := `{"type":"fact.voided","data":{"corrects":"` + first.ID + `","reason":"Saisie deux fois"}}`
	keyed := append(w.Bearer("team"), "Idempotency-Key", "k1")
	w.call(http.StatusCreated, "POST", "/v1/facts", body, &void, keyed...)
	w.call(http.StatusCreated, "POST", "/v1/facts", body, &again, keyed...)
	if void.Type != "fact.voided.v1" || again.ID != void.ID || void.Data["corrected_type"] != "intervention.v1" || !void.Time.Equal(w.Clock.Now()) {
		t.Errorf("%+v, then %+v", void, again)
	}
	if err := follows(t, schemaOf(t, void.Type), ledger.Fact{SpecVersion: void.SpecVersion, ID: void.ID, Source: void.Source, Type: void.Type,
		Subject: void.Subject, Time: void.Time, DataContentType: void.DataContentType, DataSchema: void.DataSchema, Data: void.Data}); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ body, says string }{
		"void again":       {body, "déjà annulé par " + void.ID},
		"correct the void": {strings.Replace(intervention, `"type"`, `"corrects":"`+first.ID+`","type"`, 1), "déjà annulé"},
		"void a void":      {`{"type":"fact.voided","data":{"corrects":"` + void.ID + `","reason":"Non"}}`, "ne se corrige pas"},
	} {
		var problem web.Problem
		w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts", c.body, &problem, team...)
		if len(problem.Errors) != 1 || !strings.Contains(problem.Errors[0].Message, c.says) {
			t.Errorf("%s: %+v", name, problem.Errors)
		}
	}
	w.Clock.Advance(time.Second)
	w.Drain()
	w.Replay()
	if got := values(w.bilan(2023)); got["interventions.all"] != 1 || got["interventions.representative"] != 1 {
		t.Errorf("%v", got)
	}
	w.code("POST", "/v1/bilans/2023/close")
	w.code("POST", "/v1/bilans/2023/publish")
	w.call(http.StatusCreated, "POST", "/v1/facts", `{"type":"fact.voided","data":{"corrects":"`+kept.ID+`","reason":"Reportée"}}`, &second, team...)
	w.Drain()
	bilan := w.bilan(2023)
	if len(bilan.Corrections) != 2 || bilan.Corrections[0].Now != 0 || bilan.Corrections[0].FactID != second.ID ||
		bilan.Corrections[0].Reason != "Enregistrement annulé\u00a0: Intervention publique (Reportée)" {
		t.Errorf("%+v", bilan.Corrections)
	}
	w.Clock.Advance(2 * recentFor)
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Error(err)
	}
}
