package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

const about = `The API of the alliance of La Fabrique des transitions.

JSON in snake_case, times in RFC 3339 and UTC, dates as YYYY-MM-DD. Faults are problem documents (RFC 9457): ` + "`detail`" + ` is French and for
a person, ` + "`code`" + ` is stable and for a program, and ` + "`errors`" + ` lists every fault of the input at once.

What is true of all paths stands here once. A path that does not exist answers 404 ` + "`not-found`" + `; one that does not take the method
answers 405 ` + "`method-not-allowed`" + ` with the methods that exist in ` + "`Allow`" + `. Every GET answers HEAD as well. Paths outside of /v1/ are French
pages for people, and take the forms that they show.`

// document is the OpenAPI document while it is built.
type document struct {
	huma.OpenAPI
	schemas schemas
}

// newDocument describes the routes of all functions in OpenAPI 3.1
// (https://spec.openapis.org/oas/v3.1.0). The route that takes whatever no
// other does is no path, so it is told in words. It returns an error for a
// route that says something it cannot describe.
func newDocument(all []*function.Function) ([]byte, error) {
	d := &document{schemas: newSchemas()}
	d.OpenAPI = huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: "La Fabrique des transitions", Version: "1", Description: about},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: d.schemas.Registry, Responses: d.faultResponses(), SecuritySchemes: securitySchemes,
		},
	}
	for _, f := range all {
		if len(f.Routes) > 0 {
			d.Tags = append(d.Tags, &huma.Tag{Name: f.Name, Description: f.Purpose})
		}
		for _, r := range f.Routes {
			if r.Path == function.Default {
				continue
			}
			operation, err := d.operation(f, r)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", r.Pattern(), f.Name, err)
			}
			d.AddOperation(operation)
			for _, form := range r.Doc.Forms {
				other := *operation
				other.Path += form.Suffix
				other.OperationID += strings.ReplaceAll(form.Suffix, ".", "-")
				other.Summary += ", as " + form.Suffix
				other.Responses = maps.Clone(operation.Responses)
				other.Responses[strconv.Itoa(http.StatusOK)] = d.form(r, form)
				d.AddOperation(&other)
			}
		}
	}
	d.schemas.finish()
	compact, err := d.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var indented bytes.Buffer // so that a change of the document can be read
	if err := json.Indent(&indented, compact, "", " "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

func (d *document) operation(f *function.Function, r function.RouteInfo) (*huma.Operation, error) {
	faults, err := d.faults(r)
	if err != nil {
		return nil, err
	}
	parameters, err := d.parameters(r)
	if err != nil {
		return nil, err
	}
	operation := &huma.Operation{
		Method: r.Method, Path: openPath(r.Path), OperationID: operationID(r), Tags: []string{f.Name},
		Summary: r.Doc.Summary, Description: described(r), Parameters: parameters, RequestBody: d.body(r),
		Responses: faults, Security: security(r),
	}
	status := r.Doc.Status
	if status == 0 {
		status = http.StatusOK
	}
	operation.Responses[strconv.Itoa(status)] = d.answer(r, status)
	if r.Doc.Page && r.Method != http.MethodGet {
		operation.Responses["303"] = &huma.Response{Description: "Done; the page that says so", Headers: map[string]*huma.Param{
			"Location": {Schema: &huma.Schema{Type: huma.TypeString, Format: "uri-reference"}},
		}}
	}
	return operation, nil
}

// answer is what a request gets that meets no fault.
func (d *document) answer(r function.RouteInfo, status int) *huma.Response {
	response := &huma.Response{Description: http.StatusText(status)}
	switch {
	case r.Doc.Page && r.Doc.Type == "":
		response.Description = "A French page"
		response.Content = text("text/html")
	case r.Doc.Answer != nil:
		response.Content = map[string]*huma.MediaType{"application/json": {Schema: d.schemas.of(r.Doc.Answer)}}
	case r.Doc.Type != "":
		response.Content = text(r.Doc.Type)
	}
	return response
}

// form is a good answer in another media type. One in JSON says the same.
func (d *document) form(r function.RouteInfo, form function.Form) *huma.Response {
	if form.Type == "application/json" {
		return d.answer(r, http.StatusOK)
	}
	return &huma.Response{Description: http.StatusText(http.StatusOK), Content: text(form.Type)}
}

// body is what a request carries. A page's form says its fields itself.
func (d *document) body(r function.RouteInfo) *huma.RequestBody {
	switch {
	case r.Doc.Body != nil:
		return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: d.schemas.of(r.Doc.Body)}}}
	case r.Doc.Page && r.Method != http.MethodGet:
		return &huma.RequestBody{
			Description: "The fields of the page's form",
			Content:     map[string]*huma.MediaType{"application/x-www-form-urlencoded": {Schema: &huma.Schema{Type: huma.TypeObject}}},
		}
	}
	return nil
}

func text(mediaType string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}}
}

// described says what the summary does not: who may call, and the codes of
// the route's own faults.
func described(r function.RouteInfo) string {
	description := callers[r.Access]
	if len(r.Doc.Faults) > 0 {
		description += " Its own faults: `" + strings.Join(r.Doc.Faults, "`, `") + "`."
	}
	return description
}

// openPath is a path as OpenAPI writes it, which has no rest-of-path
// variables: they look like the others.
func openPath(path string) string { return strings.ReplaceAll(path, "...}", "}") }

// operationID names a route for programs that are generated from the
// document: "get-v1-territories-by-code".
func operationID(r function.RouteInfo) string {
	path := strings.NewReplacer("{", "by-", "}", "", ".", "-").Replace(openPath(r.Path))
	if path == "/" {
		path = "/home"
	}
	return strings.ToLower(r.Method) + strings.ReplaceAll(path, "/", "-")
}
