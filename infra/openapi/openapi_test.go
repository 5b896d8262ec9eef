package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestCommittedFilesAreFresh(t *testing.T) {
	files, err := generate(functions.All)
	if err != nil {
		t.Fatal(err)
	}
	for name, fresh := range files {
		path := filepath.Join("..", "..", "functions", "site", name)
		committed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(committed, fresh) {
			t.Errorf("functions/site/%s does not tell what the functions declare: run make generate", name)
		}
	}
}

func TestSameDeclarationsMakeTheSameFiles(t *testing.T) {
	first, err := generate(functions.All)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, _ := generate(functions.All); !maps.EqualFunc(first, again, bytes.Equal) {
			t.Fatal("two runs differ")
		}
	}
}

// tree is a JSON document as it is.
type tree = map[string]any

func parsed(t *testing.T, all []*function.Function) tree {
	t.Helper()
	text, err := newDocument(all)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value.(tree)
}

// The schema is that of the OpenAPI Initiative, which leaves what stands in a
// schema object to JSON Schema 2020-12: these are compiled.
func validate(t *testing.T, document tree) error {
	t.Helper()
	const name = "openapi-3.1.json"
	schema, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, schema); err != nil {
		t.Fatal(err)
	}
	rules, err := compiler.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := rules.Validate(document); err != nil {
		return err
	}
	if err := compiler.AddResource("document.json", document); err != nil {
		t.Fatal(err)
	}
	compiler.DefaultDraft(jsonschema.Draft2020)
	for schema := range document["components"].(tree)["schemas"].(tree) {
		if _, err := compiler.Compile("document.json#/components/schemas/" + schema); err != nil {
			return err
		}
	}
	return nil
}

func TestDocumentIsValid(t *testing.T) {
	if err := validate(t, parsed(t, functions.All)); err != nil {
		t.Errorf("%+v", err)
	}
}

func TestValidationSeesWhatIsWrong(t *testing.T) {
	for name, spoil := range map[string]func(tree){
		"no version":       func(d tree) { delete(d, "openapi") },
		"path without /":   func(d tree) { d["paths"].(tree)["charter"] = tree{} },
		"response unsaid":  func(d tree) { d["components"].(tree)["responses"].(tree)["NotFound"] = tree{} },
		"type of nothing":  func(d tree) { problem(d)["type"] = "text" },
		"reference astray": func(d tree) { problem(d)["properties"].(tree)["code"] = tree{"$ref": "#/components/schemas/Nothing"} },
	} {
		t.Run(name, func(t *testing.T) {
			document := parsed(t, functions.All)
			spoil(document)
			if validate(t, document) == nil {
				t.Error("taken for valid")
			}
		})
	}
}

func problem(d tree) tree { return d["components"].(tree)["schemas"].(tree)["Problem"].(tree) }

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	document := parsed(t, functions.All)
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case tree:
			if reference, ok := value["$ref"].(string); ok && !leads(document, reference) {
				t.Errorf("%s leads nowhere", reference)
			}
			for _, inner := range value {
				walk(inner)
			}
		case []any:
			for _, inner := range value {
				walk(inner)
			}
		}
	}
	walk(document)
	if leads(document, "#/components/schemas/Nothing") {
		t.Error("this test takes any reference")
	}
}

func leads(document tree, reference string) bool {
	var at any = document
	for _, name := range strings.Split(strings.TrimPrefix(reference, "#/"), "/") {
		inner, ok := at.(tree)
		if !ok {
			return false
		}
		at = inner[name]
	}
	return at != nil
}

func TestEachRouteIsThereOnce(t *testing.T) {
	document := parsed(t, functions.All)
	var declared, told, ids []string
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if r.Path != function.Default {
				declared = append(declared, strings.ToLower(r.Method)+" "+openPath(r.Path))
				for _, form := range r.Doc.Forms {
					declared = append(declared, strings.ToLower(r.Method)+" "+openPath(r.Path)+form.Suffix)
				}
			}
		}
	}
	variable := regexp.MustCompile(`\{(.+?)\}`)
	for path, item := range document["paths"].(tree) {
		for method, operation := range item.(tree) {
			told = append(told, method+" "+path)
			operation := operation.(tree)
			ids = append(ids, operation["operationId"].(string))
			var inPath, parameters []string
			for _, match := range variable.FindAllStringSubmatch(path, -1) {
				inPath = append(inPath, match[1])
			}
			list, _ := operation["parameters"].([]any)
			for _, p := range list {
				if p := p.(tree); p["in"] == "path" {
					parameters = append(parameters, p["name"].(string))
				}
			}
			if !slices.Equal(inPath, parameters) {
				t.Errorf("%s %s tells the parameters %v", method, path, parameters)
			}
		}
	}
	slices.Sort(declared)
	slices.Sort(told)
	if !slices.Equal(declared, told) {
		t.Errorf("declared: %v\ntold:     %v", declared, told)
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Errorf("two operations share an id: %v", ids)
	}
}

// The types of the example, with what is hard to tell of types: kinds of
// their own, embedded structs, pointers.
type (
	colour  string
	palette struct {
		Name string `json:"name" maxLength:"20"`
	}
	paint struct {
		palette
		Colour colour   `json:"colour" enum:"red,green" doc:"Of the wall"`
		Since  *string  `json:"since,omitempty" format:"date"`
		Tags   []string `json:"tags"`
	}
	paintQuery struct {
		Colour colour `query:"colour" enum:"red,green" doc:"Only these"`
		Limit  int    `query:"limit" required:"true" maximum:"100"`
	}
)

func example(r function.RouteInfo) []*function.Function {
	r.Doc.Summary = "Example"
	return []*function.Function{{Name: "walls", Purpose: "Paints walls.", Routes: []function.RouteInfo{r}}}
}

func TestOperation(t *testing.T) {
	document := parsed(t, example(function.RouteInfo{
		Method: http.MethodPost, Path: "/v1/walls/{wall}/{rest...}", Access: function.Public,
		Doc: function.Doc{Body: paint{}, Query: paintQuery{}, Answer: []paint{}, Status: http.StatusCreated, Creates: true, Faults: []string{"expired-token"}},
	}))
	if err := validate(t, document); err != nil {
		t.Errorf("%+v", err)
	}
	checkJSON(t, "schema", document["components"].(tree)["schemas"].(tree)["Paint"], `{
		"type": "object", "required": ["colour", "name", "tags"],
		"properties": {
			"name": {"type": "string", "maxLength": 20},
			"colour": {"type": "string", "enum": ["red", "green"], "description": "Of the wall"},
			"since": {"type": "string", "format": "date"},
			"tags": {"type": "array", "items": {"type": "string"}}}}`)
	operation := document["paths"].(tree)["/v1/walls/{wall}/{rest}"].(tree)["post"].(tree)
	operation["parameters"].([]any)[4].(tree)["description"] = "told elsewhere"
	checkJSON(t, "parameters", operation["parameters"], `[
		{"in": "path", "name": "wall", "required": true, "schema": {"type": "string"}},
		{"in": "path", "name": "rest", "required": true, "schema": {"type": "string"}},
		{"in": "query", "name": "colour", "description": "Only these", "schema": {"type": "string", "enum": ["red", "green"]}},
		{"in": "query", "name": "limit", "required": true, "schema": {"type": "integer", "format": "int64", "maximum": 100}},
		{"in": "header", "name": "Idempotency-Key", "description": "told elsewhere", "schema": {"type": "string"}}]`)
	checkJSON(t, "body", operation["requestBody"], `{"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Paint"}}}}`)
	checkJSON(t, "answer", operation["responses"].(tree)["201"],
		`{"description": "Created", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Paint"}}}}}`)
}

func TestStatusesAndSecurity(t *testing.T) {
	for _, c := range []struct {
		name     string
		route    function.RouteInfo
		statuses []string
		security string
	}{
		{"public read", function.RouteInfo{Method: "GET", Path: "/v1/a", Access: function.Public}, []string{"200", "default"}, `null`},
		{"public post", function.RouteInfo{Method: "POST", Path: "/v1/a", Access: function.Public, Doc: function.Doc{Body: paint{}, Status: 202}},
			[]string{"202", "400", "413", "415", "422", "429", "default"}, `null`},
		{"creation by the team", function.RouteInfo{Method: "POST", Path: "/v1/a", Access: function.Team, Doc: function.Doc{Body: paint{}, Creates: true, Status: 201}},
			[]string{"201", "400", "401", "403", "409", "413", "415", "422", "default"}, `[{"team": []}]`},
		{"search", function.RouteInfo{Method: "GET", Path: "/v1/a", Access: function.Admin, Doc: function.Doc{Query: paintQuery{}}},
			[]string{"200", "401", "403", "422", "default"}, `[{"team": []}]`},
		{"mine", function.RouteInfo{Method: "DELETE", Path: "/v1/a", Access: function.Mine}, []string{"200", "401", "404", "default"}, `[{"session": []}]`},
		{"link", function.RouteInfo{Method: "GET", Path: "/v1/a/{b}", Access: function.Link, Doc: function.Doc{Faults: []string{"expired-token"}}},
			[]string{"200", "401", "404", "410", "default"}, `[{"link": []}]`},
		{"page", function.RouteInfo{Method: "GET", Path: "/a", Access: function.Public, Doc: function.Doc{Page: true}}, []string{"200", "default"}, `null`},
		{"page with my form", function.RouteInfo{Method: "POST", Path: "/a", Access: function.Mine, Doc: function.Doc{Page: true}},
			[]string{"200", "303", "default"}, `[{"visit": []}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			document := parsed(t, example(c.route))
			if err := validate(t, document); err != nil {
				t.Errorf("%+v", err)
			}
			operation := document["paths"].(tree)[c.route.Path].(tree)[strings.ToLower(c.route.Method)].(tree)
			if got := slices.Sorted(maps.Keys(operation["responses"].(tree))); !slices.Equal(got, c.statuses) {
				t.Errorf("answers %v, want %v", got, c.statuses)
			}
			checkJSON(t, "security", operation["security"], c.security)
		})
	}
}

func TestWhatCannotBeTold(t *testing.T) {
	for name, doc := range map[string]function.Doc{
		"fault without status":  {Faults: []string{"never-heard-of"}},
		"query of a text":       {Query: "colour"},
		"query without its tag": {Query: struct{ Colour string }{}},
	} {
		if _, err := newDocument(example(function.RouteInfo{Method: "GET", Path: "/v1/a", Access: function.Public, Doc: doc})); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func checkJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	gotText, _ := json.Marshal(got)
	wantText, _ := json.Marshal(wanted)
	if !bytes.Equal(gotText, wantText) {
		t.Errorf("%s: %s\nwant %s", what, gotText, wantText)
	}
}
