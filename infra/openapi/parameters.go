package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// parameters are those of the path, of the query and of the headers.
func (d *document) parameters(r function.RouteInfo) ([]*huma.Param, error) {
	parameters := []*huma.Param{}
	for _, name := range pathVariables(r.Path) {
		parameters = append(parameters, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}})
	}
	query, err := d.queryParameters(r.Doc.Query)
	if err != nil {
		return nil, err
	}
	parameters = append(parameters, query...)
	if r.Doc.Creates {
		parameters = append(parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "Any text of yours that is new. The same key with the same body has one effect and gets the first answer again; with another body it is refused.",
		})
	}
	if r.Doc.Conditional {
		parameters = append(parameters, &huma.Param{
			Name: "If-Match", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "An ETag that was given. What it names is changed, or nothing is: 412 tells what has changed since.",
		})
	}
	return parameters, nil
}

// pathVariables are the names between braces.
func pathVariables(path string) (names []string) {
	for _, part := range strings.Split(path, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		names = append(names, strings.TrimSuffix(name, "..."))
	}
	return names
}

// queryParameters are the fields of a query struct, under their tag "query".
func (d *document) queryParameters(query any) (parameters []*huma.Param, err error) {
	if query == nil {
		return nil, nil
	}
	fields := reflect.TypeOf(query)
	if fields.Kind() != reflect.Struct {
		return nil, fmt.Errorf("the query is a %s, not a struct", fields)
	}
	for _, field := range reflect.VisibleFields(fields) {
		if field.Anonymous {
			continue
		}
		name := field.Tag.Get("query")
		if name == "" || !field.IsExported() {
			return nil, fmt.Errorf(`field %s of the query %s is not exported or has no tag query:"name"`, field.Name, fields)
		}
		schema := huma.SchemaFromField(d.schemas, field, name)
		description := schema.Description
		schema.Description = "" // the parameter says it
		parameters = append(parameters, &huma.Param{
			Name: name, In: "query", Description: description, Required: field.Tag.Get("required") == "true", Schema: schema,
		})
	}
	return parameters, nil
}
