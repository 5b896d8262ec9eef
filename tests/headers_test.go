package tests

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// elsewhere are addresses that lead away from the site in some browser, or
// out of the header that they are written into.
var elsewhere = []string{
	"https://evil.example/equipe", "//evil.example", "///evil.example/equipe", "//evil.example/equipe", "https:evil.example", "https:/evil.example", "http:/equipe",
	`/\evil.example`, `\\evil.example`, `\/evil.example`, "/%2f%2fevil.example", "/%5cevil.example", "/equipe//evil.example", "/equipe/..//evil.example", "/equipe/%2e%2e/%2e%2e//evil.example",
	"javascript:alert(1)", "data:text/html,x", "/\t/evil.example", "\t//evil.example", " //evil.example", "/\r\n/evil.example", "/equipe\r\nX-Injected: 1", "/equipe\nSet-Cookie: injected=1", "/equipe%0d%0aX-Injected:%201",
	"/equipe\x00//evil.example", "/equipe\u2028X-Injected: 1", "//evil.example\\@127.0.0.1/equipe", "@evil.example", ".evil.example", "/equipe@evil.example/../..//evil.example",
}

// astray says what is wrong with where a reply leads, and with its headers.
// Besides the site itself, only the issuer may be where it leads.
func astray(r reply, issuer string) string {
	for name, values := range r.header {
		if text := strings.Join(values, ""); strings.Contains(strings.ToLower(name), "injected") || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Sprintf("header %s: %q", name, values)
		}
	}
	for _, cookie := range r.header["Set-Cookie"] {
		if !strings.HasPrefix(cookie, "__Host-") {
			return "cookie " + cookie
		}
	}
	if given := r.header.Get("Content-Disposition"); given != "" {
		if _, parameters, err := mime.ParseMediaType(given); err != nil || !fileName.MatchString(parameters["filename"]) {
			return "file " + given
		}
	}
	leads := r.leads()
	if leads == "" {
		return ""
	}
	at, err := url.Parse(leads)
	if err != nil || strings.ContainsAny(leads, "\\\t\r\n\x00 ") {
		return "leads to " + leads
	}
	ours := strings.HasPrefix(leads, "/") && !strings.HasPrefix(leads, "//") && at.Host == "" && at.Scheme == "" && !strings.Contains(at.Path, "//")
	if !ours && at.Scheme+"://"+at.Host != issuer {
		return "leads to " + leads
	}
	return ""
}

var fileName = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[a-z]+$`)

// TestNobodyIsLedAway names addresses elsewhere in every parameter of every
// page, in its path and in the headers that proxies and browsers add.
func TestNobodyIsLedAway(t *testing.T) {
	v := serve(t)
	l := v.stage()
	admin := v.client()
	admin.opensData(anAlly)
	admin.enters(asAdministrator, "/equipe")
	nobody := v.client()
	issuer := origin(t, nobody.send("/equipe/connexion/depart", nil).leads())
	tried, led, turn := 0, 0, 0
	try := func(c *client, address string, headers ...string) {
		tried++
		answer := c.send(address, nil, headers...)
		if answer.leads() != "" {
			led++
		}
		if wrong := astray(answer, issuer); wrong != "" {
			t.Errorf("%s: %s", address, wrong)
		}
		if answer.status >= http.StatusInternalServerError {
			t.Errorf("%s: %d", address, answer.status)
		}
	}
	names := l.parameters(admin)
	forged := []string{"Referer", "https://evil.example/", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "javascript", "Forwarded", "host=evil.example", "X-Original-Url", "//evil.example", "X-Rewrite-Url", "//evil.example"}
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if r.Method != http.MethodGet {
				continue
			}
			turn++
			for i, there := range elsewhere {
				if (i+turn)%6 != 0 && !strings.HasPrefix(r.Path, web.SignInPath) {
					continue // each page has its turn with some, and each of these with many pages
				}
				query := url.Values{}
				for _, name := range names {
					query.Set(name, there)
				}
				for _, c := range []*client{nobody, admin} {
					if !r.Doc.Page && c == admin {
						continue // the API takes no cookies
					}
					try(c, target(r)+"?"+query.Encode(), forged...)
					if strings.Contains(r.Path, "{") {
						try(c, strings.ReplaceAll(target(r), "/x", "/"+url.PathEscape(there)))
					}
				}
			}
		}
	}
	for _, there := range elsewhere {
		try(nobody, "/equipe/"+url.PathEscape(there))
		try(nobody, v.origin+"//evil.example/%2e%2e/equipe?"+url.QueryEscape(there))
		if leads := v.client().enters(asMember, there); leads != "/equipe" && !strings.HasPrefix(leads, "/equipe/") || astray(reply{header: http.Header{"Location": {leads}}}, "") != "" {
			t.Errorf("signing in to %q leads to %q", there, leads)
		}
	}
	if leads := v.client().enters(asMember, "/equipe/agenda?mois=2026-03"); leads != "/equipe/agenda?mois=2026-03" {
		t.Errorf("signing in does not lead back: %q", leads)
	}
	t.Logf("%d requests, %d led somewhere, %d parameters", tried, led, len(names))
	if len(names) < 30 || led < 300 {
		t.Errorf("these are too few: %q", names)
	}
}

// parameters are the names that pages give to what stands in addresses and in
// forms.
func (l lived) parameters(c *client) []string {
	c.v.t.Helper()
	names := map[string]bool{"retour": true, "next": true, "url": true}
	for _, address := range l.addresses() {
		text := c.send(address, nil).body
		for _, path := range append(c.v.links(text), address) {
			if at, err := url.Parse(path); err == nil {
				for name := range at.Query() {
					names[name] = true
				}
			}
		}
		for _, f := range readForms(c.v.t, address, text) {
			for _, one := range f.fields {
				names[one.name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func origin(t *testing.T, address string) string {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil || at.Host == "" {
		t.Fatalf("%q: %v", address, err)
	}
	return at.Scheme + "://" + at.Host
}

// TestNothingPostedEndsInAHeader posts every form with line ends and addresses
// elsewhere in one field after the other, hidden ones too, and looks at the
// answers and at the mails that follow.
func TestNothingPostedEndsInAHeader(t *testing.T) {
	v := serve(t)
	l := v.stage()
	c := v.client()
	c.opensData(anAlly)
	c.enters(asMember, "/equipe")
	c.enters(asAdministrator, "/equipe")
	forms, cookies := l.everyForm(c, c), maps.Clone(c.cookies)
	tried, led, number := 0, 0, 0
	for _, f := range forms {
		for _, one := range append(f.fields, field{name: "retour"}) {
			for _, lines := range []string{"//evil.example/\r\nX-Injected: 1\r\n\r\n<b>", "p@exemple.example\nBcc: evil@evil.example", "Ada\" <evil@evil.example>, p@exemple.example"} {
				if one.name == web.FormTokenField {
					continue
				}
				values := f.completed(&number, "")
				values.Set(one.name, lines)
				c.cookies = maps.Clone(cookies)
				tried++
				answer := c.send(f.action, values)
				if answer.leads() != "" {
					led++
				}
				if wrong := astray(answer, ""); wrong != "" || answer.status >= http.StatusInternalServerError {
					t.Errorf("%s, %s: %d %s", f.action, one.name, answer.status, wrong)
				}
			}
		}
	}
	mails := v.noInjectedMail()
	t.Logf("%d posts, %d of which led somewhere; %d mails", tried, led, mails)
	if tried < 1000 || led < 60 || mails < 60 {
		t.Error("these are too few: nothing is proved")
	}
}

// noInjectedMail looks at the heads of all mails, and counts them.
func (v *visitor) noInjectedMail() int {
	v.t.Helper()
	v.settle()
	var mails []struct {
		To, Subject string
		Headers     map[string]string
		Attachments []struct{ Name string }
	}
	v.fetch(http.MethodGet, "/_dev/mail", &mails)
	for _, mail := range mails {
		if strings.Contains(mail.To, "evil") || strings.ContainsFunc(mail.Subject, unicode.IsControl) {
			v.t.Errorf("a mail to %q: %q", mail.To, mail.Subject)
		}
		for name, value := range mail.Headers {
			if name == "Bcc" || name == "Cc" || strings.Contains(name, "Injected") || strings.ContainsFunc(value, unicode.IsControl) {
				v.t.Errorf("the mail %q has %s: %q", mail.Subject, name, value)
			}
		}
		for _, name := range []string{"From", "To"} {
			if list, err := netmail.ParseAddressList(mail.Headers[name]); err != nil || len(list) != 1 || strings.Contains(list[0].Address, "evil") {
				v.t.Errorf("the mail %q is %s %q: %v", mail.Subject, name, mail.Headers[name], err)
			}
		}
		for _, attached := range mail.Attachments {
			if !fileName.MatchString(attached.Name) {
				v.t.Errorf("the mail %q brings %q", mail.Subject, attached.Name)
			}
		}
	}
	return len(mails)
}
