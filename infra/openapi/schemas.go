package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const schemaPrefix = "#/components/schemas/"

// schemas are those of the Go types that travel, by name.
type schemas struct{ huma.Registry }

func newSchemas() schemas {
	// Functions answer empty lists, never null.
	huma.DefaultArrayNullable = false
	return schemas{huma.NewMapRegistry(schemaPrefix, schemaName)}
}

// of is the schema of a value's type, or a reference to it.
func (s schemas) of(value any) *huma.Schema {
	return s.Schema(reflect.TypeOf(value), true, "")
}

// schemaName names a type after its function, so that two functions may each
// have a session: RegistrationSession. What is shared has its own name alone.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if _, path, found := strings.Cut(t.PkgPath(), "/functions/"); found {
		function, _, _ := strings.Cut(path, "/") // of a package inside it, too
		return strings.ToUpper(function[:1]) + function[1:] + name
	}
	return name
}

// finish makes the schemas say what encoding/json does with the types.
func (s schemas) finish() {
	for name, schema := range s.Map() {
		s.promote(schema, s.TypeFromRef(schemaPrefix+name))
	}
	for _, schema := range s.Map() {
		// Callers may send more than is read, and must expect more than is
		// told here: a later version adds to its answers.
		if schema.AdditionalProperties == false {
			schema.AdditionalProperties = nil
		}
		slices.Sort(schema.Required)
	}
}

// promote adds the fields of embedded structs that are not exported:
// encoding/json writes them, huma leaves them out.
func (s schemas) promote(schema *huma.Schema, t reflect.Type) {
	for field := range structFields(t) {
		if !field.Anonymous || field.IsExported() || field.Tag.Get("json") != "" {
			continue
		}
		embedded := s.Schema(field.Type, false, "")
		s.promote(embedded, field.Type)
		for name, property := range embedded.Properties {
			if _, outer := schema.Properties[name]; !outer { // an outer field hides an inner one
				schema.Properties[name] = property
			}
		}
		for _, name := range embedded.Required {
			if !slices.Contains(schema.Required, name) {
				schema.Required = append(schema.Required, name)
			}
		}
	}
}

func structFields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
