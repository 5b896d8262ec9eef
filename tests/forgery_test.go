package tests

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// watched is serve, on an engine whose tables can be read from beside.
func watched(t *testing.T) (*visitor, *dynamodb.Client) {
	t.Helper()
	own, err := engine.Start(t.Context(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Stop)
	cfg := own.Config()
	t.Setenv("DYNAMODB_ENDPOINT", *cfg.BaseEndpoint)
	return serveAlone(t), dynamodb.NewFromConfig(cfg)
}

// stored is all that the tables hold, by table and key.
func stored(t *testing.T, from *dynamodb.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, d := range function.Definitions {
		name := string(d.Table)
		pages := dynamodb.NewScanPaginator(from, &dynamodb.ScanInput{TableName: &name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, attributes := range page.Items {
				item := map[string]any{}
				if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
					t.Fatal(err)
				}
				all[fmt.Sprint(name, " ", item["pk"], " ", item["sk"])] = fmt.Sprint(item)
			}
		}
	}
	return all
}

// difference names the items that two states do not share.
func difference(before, after map[string]string) (keys []string) {
	for key, item := range before {
		if after[key] != item {
			keys = append(keys, key)
		}
	}
	for key := range after {
		if _, known := before[key]; !known {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// asksData asks for the link to one's data on the page, and returns it.
func (v *visitor) asksData(c *client, address string) (link string) {
	v.t.Helper()
	for _, f := range c.forms("/mes-donnees") {
		if f.action == "/mes-donnees" {
			f.values.Set("email", address)
			f.values.Del(web.OpenedField) // nobody types so fast
			c.send(f.action, f.values)
		}
	}
	return v.mail(address, "données", "/mes-donnees")
}

// keepsOut closes the door to the other member of the team, and letsIn opens it
// again.
func (l lived) keepsOut(admin *client) { admin.turns("/fermer") }
func (l lived) letsIn(admin *client)   { admin.turns("/rouvrir") }

// turns posts the first form of the administration whose address ends so.
func (c *client) turns(end string) {
	t := c.v.t
	t.Helper()
	for _, f := range c.forms("/equipe/administration") {
		if strings.HasSuffix(f.action, end) {
			if turned := c.send(f.action, f.values); turned.status != http.StatusSeeOther {
				t.Fatalf("%s: %d", f.action, turned.status)
			}
			return
		}
	}
	t.Fatalf("no door to turn by %s", end)
}

// forgeries are the ways in which another page may post a form in the browser
// of someone who is signed in. own is the token that the form should carry.
type forgery struct {
	name    string
	team    bool // only the forms of the team carry a token
	change  func(posted url.Values, other string)
	headers []string
}

var forgeries = []forgery{
	{name: "without a token", team: true, change: func(posted url.Values, _ string) { posted.Del(web.FormTokenField) }},
	{name: "with the token of another member", team: true, change: func(posted url.Values, other string) { posted.Set(web.FormTokenField, other) }},
	{name: "from another site", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
	{name: "from a site beside", headers: []string{"Sec-Fetch-Site", "same-site", "Origin", "https://evil.fabrique.example"}},
	{name: "from a frame without origin", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}},
	{name: "by an old browser, from another origin", headers: []string{"Sec-Fetch-Site", "", "Origin", "https://evil.example"}},
	{name: "by an old browser, without origin", headers: []string{"Sec-Fetch-Site", "", "Origin", "null"}},
	{name: "as plain text", headers: []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example", "Content-Type", "text/plain"}},
}

// TestNoFormIsForged posts every form of every page as another page would, in
// the browser of who is signed in: each is refused, and nothing is changed.
// Then each is posted as its own page does, which is not refused.
func TestNoFormIsForged(t *testing.T) {
	v, tables := watched(t)
	l := v.stage()
	signedIn := v.client()
	signedIn.opensData(anAlly)
	signedIn.enters(asMember, "/equipe") // who is known can be kept out
	signedIn.enters(asAdministrator, "/equipe")
	ally := v.client()
	ally.cookies = maps.Clone(signedIn.cookies)
	other := v.client()
	other.enters(asMember, "/equipe")
	token := other.forms("/equipe")[0].values.Get(web.FormTokenField)
	forms := l.everyForm(ally, signedIn)
	v.settle()
	before, cookies := stored(t, tables), maps.Clone(signedIn.cookies)
	tried, number := 0, 0
	for _, f := range forms {
		team := strings.HasPrefix(f.action, web.TeamRoot+"/")
		for _, forged := range forgeries {
			if forged.team && !team {
				continue
			}
			tried++
			posted := f.completed(&number, "")
			if forged.change != nil {
				forged.change(posted, token)
			}
			answer := signedIn.send(f.action, posted, forged.headers...)
			if answer.status != http.StatusForbidden {
				t.Errorf("%s of %s, %s: %d, leads to %q", f.action, f.page, forged.name, answer.status, answer.leads())
			}
			if len(answer.header["Set-Cookie"]) > 0 {
				t.Errorf("%s, %s: a cookie is set", f.action, forged.name)
			}
		}
	}
	v.settle()
	if changed := difference(before, stored(t, tables)); len(changed) > 0 {
		t.Errorf("forged forms have changed %q", changed)
	}
	t.Logf("%d forms, %d forgeries, %d items as before", len(forms), tried, len(before))
	if len(forms) < 40 || len(before) < 50 {
		t.Error("these are too few: nothing is proved")
	}
	for _, f := range forms {
		signedIn.cookies = maps.Clone(cookies) // some of them end a session
		if answer := signedIn.send(f.action, f.completed(&number, "")); answer.status == http.StatusForbidden {
			t.Errorf("%s of %s, as its page posts it: refused", f.action, f.page)
		}
	}
	if same := len(difference(before, stored(t, tables))); same < 20 {
		t.Errorf("the same forms, posted by their pages, have changed %d items: the refusals may have had another cause", same)
	}
}

// TestTheAPITakesNoCookies: a browser sends them along with whatever another
// page makes it ask for, and the API answers other pages.
func TestTheAPITakesNoCookies(t *testing.T) {
	v := serve(t)
	v.stage()
	signedIn := v.client()
	signedIn.opensData(anAlly)
	signedIn.enters(asAdministrator, "/equipe")
	tried := 0
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if !strings.HasPrefix(r.Path, "/v1/") || r.Access == function.Public || r.Access == function.PublicOrTeam {
				continue
			}
			tried++
			if status := v.call(r.Method, target(r), map[string]string{}, nil, "Cookie", signedIn.cookie()); status != http.StatusUnauthorized {
				t.Errorf("%s with cookies: %d", r.Pattern(), status)
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d routes were tried", tried)
	}
}
