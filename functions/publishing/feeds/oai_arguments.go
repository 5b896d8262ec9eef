package feeds

import (
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// arguments are what a request asks for.
type arguments struct {
	verb, identifier, prefix, from, until, set, token string
}

// allowed says what each verb takes; those that a verb needs come first.
var allowed = map[string]struct {
	needs, takes []string
}{
	"Identify":            {},
	"ListMetadataFormats": {takes: []string{"identifier"}},
	"ListSets":            {takes: []string{"resumptionToken"}},
	"GetRecord":           {needs: []string{"identifier", "metadataPrefix"}},
	"ListIdentifiers":     {needs: []string{"metadataPrefix"}, takes: []string{"from", "until", "set", "resumptionToken"}},
	"ListRecords":         {needs: []string{"metadataPrefix"}, takes: []string{"from", "until", "set", "resumptionToken"}},
}

// Shapes of arguments, from the schema of the protocol. What has another shape
// cannot be said again in the answer.
var (
	prefixShape     = regexp.MustCompile(`^[A-Za-z0-9\-_.!~*'()]+$`)
	setShape        = regexp.MustCompile(`^[A-Za-z0-9\-_.!~*'()]+(:[A-Za-z0-9\-_.!~*'()]+)*$`)
	identifierShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.\-]*:([A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$`)
	tokenShape      = regexp.MustCompile(`^[\x21-\x7e]+$`)
)

// read gives the arguments, or all that is wrong with them.
func (o *Repository) read(r *http.Request) (arguments, []problem) {
	form, err := form(r)
	if err != nil {
		return arguments{}, []problem{{"badArgument", "The arguments cannot be read."}}
	}
	verb := form["verb"]
	rule, known := allowed[strings.Join(verb, " ")]
	if !known {
		return arguments{}, []problem{{"badVerb", "verb must be one of Identify, ListMetadataFormats, ListSets, GetRecord, ListIdentifiers and ListRecords, once."}}
	}
	delete(form, "verb")
	var problems []problem
	bad := func(text string) { problems = append(problems, problem{"badArgument", text}) }
	for _, name := range []string{"identifier", "metadataPrefix", "from", "until", "set", "resumptionToken"} {
		if len(form[name]) > 1 {
			bad(name + " is given more than once.")
		} else if len(form[name]) == 1 && form[name][0] == "" {
			bad(name + " is empty.")
		} else if len(form[name]) == 1 && !slices.Contains(rule.needs, name) && !slices.Contains(rule.takes, name) {
			bad(verb[0] + " takes no " + name + ".")
		}
		if len(form[name]) == 0 && slices.Contains(rule.needs, name) && !form.Has("resumptionToken") {
			bad(name + " is missing.")
		}
	}
	if form.Has("resumptionToken") && len(form) > 1 {
		bad("resumptionToken comes alone.")
	}
	asked := arguments{
		verb: verb[0], identifier: form.Get("identifier"), prefix: form.Get("metadataPrefix"),
		from: form.Get("from"), until: form.Get("until"), set: form.Get("set"), token: form.Get("resumptionToken"),
	}
	for _, name := range []string{"identifier", "metadataPrefix", "from", "until", "set", "resumptionToken"} {
		delete(form, name)
	}
	if len(form) > 0 {
		bad("There are arguments that the protocol does not know.")
	}
	shape := func(name, value string, shape *regexp.Regexp) {
		if value != "" && !shape.MatchString(value) {
			bad(name + " has characters that it cannot have.")
		}
	}
	shape("identifier", asked.identifier, identifierShape)
	shape("metadataPrefix", asked.prefix, prefixShape)
	shape("set", asked.set, setShape)
	shape("resumptionToken", asked.token, tokenShape)
	_, wrong := asked.interval()
	return asked, append(problems, wrong...)
}

// form gives the arguments of the address and, for POST, of the body.
func form(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return values, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, http.ErrNotSupported
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for name, posted := range r.PostForm {
		values[name] = append(values[name], posted...)
	}
	return values, nil
}

// echo says the arguments again, as answers must.
func (a arguments) echo(base string) oaiRequest {
	return oaiRequest{base, a.verb, a.identifier, a.prefix, a.from, a.until, a.set, a.token}
}
