package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
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
// nothing to check.
func Decode(r *http.Request, out any, faults *fault.Fields) (body []byte, err error) {
	if body, err = Body(r, "application/json"); err != nil {
		return nil, err
	}
	malformed := fault.New(fault.Malformed, "malformed-json", "Le corps de la demande n’est pas un objet JSON valable.")
	var tree map[string]any
	if !utf8.Valid(body) || json.Unmarshal(body, &tree) != nil || tree == nil {
		return nil, malformed
	}
	// The decoder names one wrong type at a time: note it, take the value out
	// and decode what is left.
	rest := body
	for range maxWrongTypes {
		err := json.NewDecoder(bytes.NewReader(rest)).Decode(out)
		var wrong *json.UnmarshalTypeError
		if err == nil {
			return body, nil
		}
		if !errors.As(err, &wrong) || !remove(tree, strings.Split(wrong.Field, ".")) {
			return nil, malformed
		}
		faults.Add(wrong.Field, "Valeur d’un autre type qu’attendu ("+typeNames[wrong.Type.Kind().String()]+").")
		if rest, err = json.Marshal(tree); err != nil {
			return nil, malformed
		}
	}
	return nil, malformed
}

// maxWrongTypes bounds the work for a body in which everything is wrong.
const maxWrongTypes = 50

var typeNames = map[string]string{
	"string": "texte", "bool": "vrai ou faux", "int": "nombre entier", "int64": "nombre entier",
	"float64": "nombre", "slice": "liste", "struct": "objet", "map": "objet", "ptr": "objet",
}

// remove takes the value at path out of a JSON object. Inside a list it takes
// the list, as the decoder does not say which element it met.
func remove(tree map[string]any, path []string) bool {
	value, ok := tree[path[0]]
	if !ok {
		return false
	}
	if inner, isObject := value.(map[string]any); isObject && len(path) > 1 {
		return remove(inner, path[1:])
	}
	delete(tree, path[0])
	return true
}

// PostedForm reads the fields of a form posted by a page. It returns a
// Malformed, a WrongType or a TooLarge fault when it cannot.
func PostedForm(r *http.Request) (url.Values, error) {
	body, err := Body(r, "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fault.New(fault.Malformed, "malformed-form", "Le formulaire n’est pas arrivé entier : renvoyez-le.")
	}
	return values, nil
}
