package tests

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// foreignCursors are places of the table itself and of each index that there
// is, in partitions that no list reads.
func foreignCursors(t *testing.T) (all []string) {
	t.Helper()
	add := func(names ...string) {
		place := map[string]types.AttributeValue{}
		for _, name := range names {
			place[name] = &types.AttributeValueMemberS{Value: "ELSEWHERE"}
		}
		cursor, err := dynamo.Cursor(place)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cursor)
	}
	add("pk", "sk")
	for _, d := range function.Definitions {
		for _, index := range d.Indexes {
			add("pk", "sk", index.Hash, index.Range)
		}
	}
	return append(all, "rubbish")
}

// takesCursor tells whether a route is a list that is read page by page; files
// hold all of theirs.
func takesCursor(r function.RouteInfo) bool {
	if r.Doc.Query == nil || r.Method != http.MethodGet || r.Doc.Type != "" {
		return false
	}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(r.Doc.Query)) {
		if field.Tag.Get("query") == "cursor" {
			return true
		}
	}
	return false
}

// TestNoListTakesTheCursorOfAnother: each says so, and none falls over it. The
// lists of partners are signed, and tried by their own test.
func TestNoListTakesTheCursorOfAnother(t *testing.T) {
	v := serve(t)
	l := v.stage()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	v.fetch(http.MethodGet, "/_dev/token?role=admin", &token)
	cursors, lists := foreignCursors(t), 0
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if !takesCursor(r) || r.Access == function.Partner {
				continue
			}
			lists++
			path := strings.NewReplacer("{id}", l.session, "{slug}", "occitanie", "{year}", l.closed).Replace(r.Path)
			switch {
			case strings.Contains(r.Path, "/figures/{id}"):
				path = strings.NewReplacer("{id}", "interventions.all", "{year}", l.closed).Replace(r.Path)
			case strings.HasPrefix(r.Path, "/v1/resources/{slug}"):
				path = strings.Replace(r.Path, "{slug}", "une-foret-des-voix", 1)
			}
			path += "?q=vallon" // without which territories are not listed
			if status := v.status(path, token.AccessToken); status != http.StatusOK {
				t.Errorf("%s: %d without a cursor", path, status)
				continue
			}
			for _, cursor := range cursors {
				if status := v.status(path+"&cursor="+url.QueryEscape(cursor), token.AccessToken); status != http.StatusUnprocessableEntity {
					t.Errorf("%s: %d for the cursor %s of another list", path, status, cursor)
				}
			}
		}
	}
	if lists < 12 {
		t.Errorf("only %d lists were found", lists)
	}
	c := v.client()
	c.enters(asAdministrator, "/equipe")
	for _, address := range l.addresses() {
		for _, cursor := range cursors {
			at, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			query := at.Query()
			query.Set("cursor", cursor)
			at.RawQuery = query.Encode()
			if answer := c.send(at.String(), nil); answer.status >= http.StatusInternalServerError {
				t.Errorf("%s: %d", at, answer.status)
			}
		}
	}
}

// status is how a call with a token is answered.
func (v *visitor) status(path, token string) int {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.origin+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
