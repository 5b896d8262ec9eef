package feeds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// answersFolder keeps each answer of the tests, so that all are validated.
var answersFolder string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "oai-answers")
	if err != nil {
		panic(err)
	}
	answersFolder = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func answers(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(answersFolder, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// requests are of every verb and every error, with the code of the answer.
var requests = []struct{ query, code string }{
	{"verb=Identify", ""},
	{"verb=ListMetadataFormats", ""},
	{"verb=ListMetadataFormats&identifier=oai:example.org:001", ""},
	{"verb=ListMetadataFormats&identifier=oai:example.org:006", ""},
	{"verb=ListMetadataFormats&identifier=oai:example.org:999", "idDoesNotExist"},
	{"verb=ListSets", ""},
	{"verb=ListSets&resumptionToken=abc", "badResumptionToken"},
	{"verb=GetRecord&identifier=oai:example.org:000&metadataPrefix=oai_dc", ""},
	{"verb=GetRecord&identifier=oai:example.org:006&metadataPrefix=oai_dc", ""},
	{"verb=GetRecord&identifier=oai:example.org:999&metadataPrefix=oai_dc", "idDoesNotExist"},
	{"verb=GetRecord&identifier=oai:example.org:001&metadataPrefix=marc21", "cannotDisseminateFormat"},
	{"verb=GetRecord&identifier=oai:example.org:999&metadataPrefix=marc21", "idDoesNotExist cannotDisseminateFormat"},
	{"verb=GetRecord&identifier=oai:example.org:001", "badArgument"},
	{"verb=GetRecord&metadataPrefix=oai_dc", "badArgument"},
	{"verb=GetRecord&identifier=pas%20un%20URI&metadataPrefix=oai_dc", "badArgument"},
	{"verb=GetRecord&identifier=oai:example.org:001&identifier=oai:example.org:001&metadataPrefix=oai_dc", "badArgument"},
	{"verb=ListIdentifiers&metadataPrefix=oai_dc", ""},
	{"verb=ListRecords&metadataPrefix=oai_dc", ""},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=kind", ""},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=kind:podcast&from=2026-02-02&until=2026-02-03", ""},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-02T06:00:00Z&until=2026-02-02T06:00:00Z", ""},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=kind:video", "noRecordsMatch"},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=kin", "noRecordsMatch"},
	{"verb=ListRecords&metadataPrefix=oai_dc&until=2025-12-31", "noRecordsMatch"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2027-01-01", "noRecordsMatch"},
	{"verb=ListRecords&metadataPrefix=mods", "cannotDisseminateFormat"},
	{"verb=ListRecords", "badArgument"},
	{"verb=ListRecords&metadataPrefix=", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=hier", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-30", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-01T00:00:00%2B01:00", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-01&until=2026-02-03T00:00:00Z", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&from=2026-02-03&until=2026-02-01", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=%3Ca%3E", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&set=kind&set=kind", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&page=2", "badArgument"},
	{"verb=ListRecords&metadataPrefix=oai_dc&resumptionToken=abc", "badArgument"},
	{"verb=ListRecords&resumptionToken=abc", "badResumptionToken"},
	{"verb=ListRecords&resumptionToken=a%00b", "badArgument"},
	{"verb=Identify&metadataPrefix=oai_dc", "badArgument"},
	{"verb=Identify&verb=Identify", "badVerb"},
	{"verb=identify", "badVerb"},
	{"verb=", "badVerb"},
	{"", "badVerb"},
	{"metadataPrefix=oai_dc", "badVerb"},
	{"verb=Identify;x", "badArgument"},
	{"verb=%zz", "badArgument"},
}

func codes(h harvested) string {
	var all []string
	for _, problem := range h.Errors {
		if !slices.Contains(all, problem.Code) {
			all = append(all, problem.Code)
		}
	}
	return strings.Join(all, " ")
}

func TestRequests(t *testing.T) {
	o := stocked(20).repository(100)
	for _, request := range requests {
		h := get(t, o, request.query)
		if got := codes(h); got != request.code {
			t.Errorf("%s: %q, not %q", request.query, got, request.code)
		}
		if bad := strings.HasPrefix(request.code, "badVerb") || strings.HasPrefix(request.code, "badArgument"); bad != (len(h.Request.Attrs) == 0) {
			t.Errorf("%s: the answer says again %v", request.query, h.Request.Attrs)
		}
		post := httptest.NewRequest(http.MethodPost, "/oai", strings.NewReader(request.query))
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := codes(ask(t, o, post)); got != request.code {
			t.Errorf("POST %s: %q, not %q", request.query, got, request.code)
		}
	}
}

func TestNoSets(t *testing.T) {
	o := stocked(3).repository(100)
	o.Sets = nil
	for _, query := range []string{"verb=ListSets", "verb=ListRecords&metadataPrefix=oai_dc&set=kind"} {
		if got := codes(get(t, o, query)); got != "noSetHierarchy" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestPostOfAnotherType(t *testing.T) {
	o := stocked(1).repository(100)
	post := httptest.NewRequest(http.MethodPost, "/oai", strings.NewReader(`{"verb":"Identify"}`))
	post.Header.Set("Content-Type", "application/json")
	if got := codes(ask(t, o, post)); got != "badArgument" {
		t.Error(got)
	}
	post = httptest.NewRequest(http.MethodPost, "/oai", strings.NewReader("verb=Identify&x="+strings.Repeat("x", maxForm)))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := codes(ask(t, o, post)); got != "badArgument" {
		t.Error(got)
	}
}

// harvest follows a list to its end, and checks its tokens.
func harvest(t *testing.T, o *Repository, query string, between func(page int)) []string {
	t.Helper()
	var got []string
	next := query
	for page := 0; ; page++ {
		h := get(t, o, next)
		if len(h.Errors) > 0 || len(h.Records) == 0 {
			t.Fatalf("%s: %d records, %v", next, len(h.Records), h.Errors)
		}
		if len(h.Tokens) == 0 {
			if page > 0 {
				t.Error("the last page of several has no empty token")
			}
			return got
		}
		if h.Tokens[0].Cursor != len(got) {
			t.Errorf("cursor %d after %d records", h.Tokens[0].Cursor, len(got))
		}
		for _, r := range h.Records {
			got = append(got, r.Header.Identifier)
			if (r.Header.Status == "deleted") != (r.Metadata == nil) {
				t.Errorf("%+v", r)
			}
		}
		if h.Tokens[0].Token == "" {
			return got
		}
		if between != nil {
			between(page)
		}
		next = "verb=ListRecords&resumptionToken=" + url.QueryEscape(h.Tokens[0].Token)
	}
}

func TestHarvestInPages(t *testing.T) {
	s := stocked(25)
	for size := 1; size <= 12; size++ {
		if got := harvest(t, s.repository(size), "verb=ListRecords&metadataPrefix=oai_dc", nil); len(got) != 25 || got[0] != "oai:example.org:000" || !slices.IsSorted(got) {
			t.Errorf("pages of %d: %v", size, got)
		}
		var want []string
		for i := 0; i < 25; i += 3 {
			want = append(want, fmt.Sprintf("oai:example.org:%03d", i))
		}
		if got := harvest(t, s.repository(size), "verb=ListRecords&metadataPrefix=oai_dc&set=kind:podcast", nil); !slices.Equal(got, want) {
			t.Errorf("podcasts in pages of %d: %v", size, got)
		}
	}
}

// TestHarvestWhileItChanges holds that what changes during a harvest is in it
// with its last state, and that nothing else is missed.
func TestHarvestWhileItChanges(t *testing.T) {
	s := stocked(20)
	o := s.repository(5)
	got := harvest(t, o, "verb=ListRecords&metadataPrefix=oai_dc", func(page int) {
		for _, i := range []int{page, 10 + page} { // one that was given, one that was not
			s.records[i].Changed = s.records[19].Changed.AddDate(0, 1, page)
			s.records[i].Deleted = true
		}
	})
	for _, r := range s.records {
		if !slices.Contains(got, r.Identifier) {
			t.Errorf("%s was missed", r.Identifier)
		}
	}
	if last := got[len(got)-1]; !s.records[slices.IndexFunc(s.records, func(r Record) bool { return r.Identifier == last })].Deleted {
		t.Errorf("the last is %s, which did not change", last)
	}
}

func TestTokensOfNoList(t *testing.T) {
	o := stocked(20).repository(5)
	good := get(t, o, "verb=ListRecords&metadataPrefix=oai_dc").Tokens[0].Token
	for name, query := range map[string]string{
		"another verb":     "verb=ListIdentifiers&resumptionToken=" + good,
		"cut":              "verb=ListRecords&resumptionToken=" + good[:len(good)-3],
		"another cursor":   "verb=ListRecords&resumptionToken=" + token{Verb: "ListRecords", Cursor: "x", Given: 5}.String(),
		"no cursor":        "verb=ListRecords&resumptionToken=" + token{Verb: "ListRecords", Given: 5}.String(),
		"another interval": "verb=ListRecords&resumptionToken=" + token{Verb: "ListRecords", Cursor: "oai:", Given: 5, From: "x"}.String(),
		"past the end":     "verb=ListRecords&resumptionToken=" + token{Verb: "ListRecords", Cursor: "9oai:", Given: 5}.String(),
	} {
		if got := codes(get(t, o, query)); got != "badResumptionToken" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if h := get(t, o, "verb=ListRecords&resumptionToken="+good); len(h.Records) != 5 {
		t.Errorf("%d records by the good one", len(h.Records))
	}
}

func TestIntervals(t *testing.T) {
	o := stocked(20).repository(100)
	for query, want := range map[string]int{
		"from=2026-02-02": 16, "until=2026-02-01": 4, "from=2026-02-02&until=2026-02-02": 4,
		"from=2026-02-01T06:00:00Z": 19, "from=2026-02-01T06:00:01Z": 18, "until=2026-02-01T06:00:00Z": 2, "until=2026-02-01T05:59:59Z": 1,
	} {
		if got := len(get(t, o, "verb=ListRecords&metadataPrefix=oai_dc&"+query).Records); got != want {
			t.Errorf("%s: %d records, not %d", query, got, want)
		}
	}
}

func TestFailuresAreErrors(t *testing.T) {
	broken := errors.New("broken")
	o := stocked(3).repository(100)
	o.Changes = func(context.Context, Interval, string, int) ([]Record, string, error) { return nil, "", broken }
	o.Record = func(context.Context, string) (Record, bool, error) { return Record{}, false, broken }
	for _, query := range []string{"verb=ListRecords&metadataPrefix=oai_dc", "verb=GetRecord&identifier=oai:a:1&metadataPrefix=oai_dc", "verb=ListMetadataFormats&identifier=oai:a:1"} {
		if err := o.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/oai?"+query, nil)); !errors.Is(err, broken) {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestHarvestBySickle has a harvester that libraries use read all.
func TestHarvestBySickle(t *testing.T) {
	o := stocked(23).repository(8)
	server := httptest.NewServer(serve(t, o))
	t.Cleanup(server.Close)
	o.BaseURL = server.URL
	for _, method := range []string{"GET", "POST"} {
		var got struct {
			Name, Deleted, Granularity     string
			Formats, Sets, Podcasts, Since []string
			Records                        []struct {
				ID, Changed string
				Deleted     bool
				Title       []string
			}
			One map[string][]string
		}
		if err := json.Unmarshal(python(t, "harvest.py", server.URL, method, "2026-02-05"), &got); err != nil {
			t.Fatal(err)
		}
		if got.Name != o.Name || got.Deleted != "persistent" || got.Granularity != "YYYY-MM-DDThh:mm:ssZ" || len(got.Sets) != 5 || len(got.Formats) != 1 ||
			len(got.Records) != 23 || len(got.Podcasts) != 8 || len(got.Since) != 7 {
			t.Fatalf("%s: %+v", method, got)
		}
		if one := got.Records[22]; one.ID != "oai:example.org:022" || one.Changed != "2026-02-06T12:00:00Z" || one.Deleted || !got.Records[6].Deleted || one.Title[0] != "Les sols 22" {
			t.Errorf("%+v", one)
		}
		if got.One["date"][0] != "2026-03-01" || got.One["creator"][1] != "Nadia Benali" || got.One["subject"][1] != "Coopérer & tenir le cap" || got.One["format"][0] != "audio/mpeg" {
			t.Errorf("%+v", got.One)
		}
	}
}

// TestZAnswersAreValid checks every answer that the tests above were given
// against the schemas of the protocol and of Dublin Core.
func TestZAnswersAreValid(t *testing.T) {
	schemas, err := filepath.Abs(filepath.Join(tools, "oai-schemas"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(schemas, "OAI-PMH.xsd")); err != nil {
		without(t, "the schemas (make .tools/oai-schemas)")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		without(t, "xmllint (Debian's libxml2-utils)")
	}
	all := answers(t)
	if len(all) == 0 { // this test alone was asked for
		for _, request := range requests {
			get(t, stocked(20).repository(7), request.query)
		}
		all = answers(t)
	}
	folder := t.TempDir()
	both := filepath.Join(folder, "both.xsd")
	// Dublin Core comes first: the schema that needs it says where it was once.
	text := fmt.Sprintf(`<schema xmlns="http://www.w3.org/2001/XMLSchema">
		<import namespace="http://purl.org/dc/elements/1.1/" schemaLocation="%[1]s/simpledc20021212.xsd"/>
		<import namespace="http://www.openarchives.org/OAI/2.0/oai_dc/" schemaLocation="%[1]s/oai_dc.xsd"/>
		<import namespace="http://www.openarchives.org/OAI/2.0/" schemaLocation="%[1]s/OAI-PMH.xsd"/></schema>`, schemas)
	if err := os.WriteFile(both, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	valid := func(files ...string) (string, error) {
		lint := exec.CommandContext(t.Context(), xmllint, append([]string{"--nonet", "--noout", "--schema", both}, files...)...)
		said, err := lint.CombinedOutput()
		return string(said), err
	}
	if said, err := valid(all...); err != nil {
		t.Errorf("%v\n%.4000s", err, said)
	}
	t.Logf("%d answers", len(all))
	answer, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(folder, "spoilt.xml")
	if err := os.WriteFile(spoilt, []byte(strings.Replace(string(answer), "<responseDate>", "<responseDate>le ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := valid(spoilt); err == nil {
		t.Errorf("a spoilt answer is valid: %s", said)
	}
}
