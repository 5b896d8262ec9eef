package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// MaxBody is the largest body that is read, in bytes.
const MaxBody = 256 << 10

// Body reads the whole body, once its media type is one of those wanted.
// It returns a WrongType or a TooLarge fault otherwise.
func Body(r *http.Request, mediaTypes ...string) ([]byte, error) {
	given, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	accepted := false
	for _, wanted := range mediaTypes {
		accepted = accepted || err == nil && given == wanted
	}
	if !accepted {
		return nil, fault.New(fault.WrongType, "unsupported-media-type", "Type de contenu attendu : "+strings.Join(mediaTypes, " ou ")+".")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, fault.New(fault.Malformed, "unreadable-body", "La demande n’est pas arrivée en entier : renvoyez-la.")
	}
	if len(body) > MaxBody {
		return nil, fault.New(fault.TooLarge, "body-too-large", "La demande dépasse 256 Kio.")
	}
	return body, nil
}

// Decode reads a JSON body into out, a pointer to a struct, and returns the
// body as it came. Values of a wrong type are noted in faults, all of them,
// and left zero, so that the rules of the domain can be checked in the same go.
// It returns a Malformed, a WrongType or a TooLarge fault when there is
// nothing to check. A type that reads its own JSON, as time.Time does, does not
// say which field was wrong: declare texts in its place and check them.
func Decode(r *http.Request, out any, faults *fault.Fields) (body []byte, err error) {
	if body, err = Body(r, "application/json"); err != nil {
		return nil, err
	}
	malformed := fault.New(fault.Malformed, "malformed-json", "Le corps de la demande n’est pas un objet JSON valable.")
	tree, ok := object(body)
	if !ok {
		return nil, malformed
	}
	// The decoder names one wrong type at a time: note it, take the value out
	// and decode what is left, afresh.
	given := reflect.ValueOf(out).Elem()
	before := reflect.New(given.Type()).Elem()
	before.Set(given)
	rest := body
	for range maxWrongTypes {
		err := json.Unmarshal(rest, out)
		if err == nil {
			return body, nil
		}
		given.Set(before)
		var wrong *json.UnmarshalTypeError
		if !errors.As(err, &wrong) {
			return nil, malformed
		}
		location, removed := remove(tree, strings.Split(wrong.Field, "."))
		if !removed {
			return nil, malformed
		}
		faults.Add(strings.Join(location, "."), "Valeur d’un autre type qu’attendu ("+typeName(wrong.Type.Kind())+").")
		if rest, err = json.Marshal(tree); err != nil {
			return nil, malformed
		}
	}
	return nil, malformed
}

// object reads a JSON object, its numbers as they are written.
func object(body []byte) (tree map[string]any, ok bool) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(&tree)
	return tree, err == nil && tree != nil
}

// maxWrongTypes bounds the work for a body in which everything is wrong.
const maxWrongTypes = 50

// typeName says in French what kind of value is expected.
func typeName(kind reflect.Kind) string {
	switch {
	case kind == reflect.String:
		return "texte"
	case kind == reflect.Bool:
		return "vrai ou faux"
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return "nombre entier"
	case kind == reflect.Float32 || kind == reflect.Float64:
		return "nombre"
	case kind == reflect.Slice || kind == reflect.Array:
		return "liste"
	}
	return "objet"
}

// remove takes the value at path out of a JSON object, and returns where it
// was. Inside a list it takes the list, as the decoder does not say which
// element it met.
func remove(tree map[string]any, path []string) (location []string, ok bool) {
	name, ok := member(tree, path[0])
	if !ok && len(path) > 1 { // the decoder names Go's embedded structs, which JSON does not
		return remove(tree, path[1:])
	}
	if !ok {
		return nil, false
	}
	if inner, isObject := tree[name].(map[string]any); isObject && len(path) > 1 {
		below, ok := remove(inner, path[1:])
		return append(path[:1:1], below...), ok
	}
	delete(tree, name)
	return path, true
}

// member is the name under which a JSON object holds a field: the decoder
// takes it in capitals too.
func member(tree map[string]any, field string) (name string, ok bool) {
	if _, ok := tree[field]; ok {
		return field, true
	}
	for name := range tree {
		if strings.EqualFold(name, field) {
			return name, true
		}
	}
	return "", false
}

// formType is the media type of forms that pages post.
const formType = "application/x-www-form-urlencoded"

// PostedForm reads the fields of a form posted by a page. It returns a
// Malformed, a WrongType or a TooLarge fault when it cannot.
func PostedForm(r *http.Request) (url.Values, error) {
	body, err := Body(r, formType)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || !readable(values) {
		return nil, fault.New(fault.Malformed, "malformed-form", "Le formulaire n’est pas arrivé entier : renvoyez-le.")
	}
	return values, nil
}

// readable tells whether all of a form is text, in UTF-8 as pages send it.
func readable(values url.Values) bool {
	for name, list := range values {
		if !utf8.ValidString(name) || !utf8.ValidString(strings.Join(list, "")) {
			return false
		}
	}
	return true
}
