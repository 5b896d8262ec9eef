package team

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// records find what entries are about: what it is called, and its page. The
// pages are those of other functions, whose paths the team's menu names too; a
// test follows each.
type records struct {
	*service
	names   names
	cohorts map[string]string // of applications, once read
}

// of is what the subject of an entry is called, empty when its number is all
// that is known, and the path of its page, empty when it has none.
func (r records) of(ctx context.Context, e audit.Entry) (name, path string, err error) {
	said := flat(e.Before)
	for field, value := range flat(e.After) {
		said[field] = value
	}
	for _, field := range []string{"title", "name", "data.title"} {
		if name == "" {
			name = said[field]
		}
	}
	kind, _, _ := strings.Cut(e.Action, ".")
	switch kind {
	case "export":
		name, path = exported(e.Subject)
	case "ally":
		if e.Action != "ally.erased" {
			path = at("/allies", e.Subject)
		}
	case "session":
		path = at("/agenda", e.Subject)
	case "booking":
		path = at("/agenda", said["session"])
	case "series":
		path = at("/series", e.Subject)
	case "cohort":
		path = at("/cohortes", e.Subject)
	case "application":
		path, err = r.application(ctx, e.Subject)
	case "resource":
		path = at("/ressources", e.Subject)
	case "media":
		path = at("/fichiers", e.Subject)
	case "suppression":
		path = web.TeamRoot + "/courriels?" + url.Values{"person": {e.Subject}}.Encode()
	case "partner":
		name, path = partnerLabel(e.Subject), at("/partenaires", e.Subject)
	case "webhook":
		if name = partnerLabel(said["partner"]); said["message"] != "" {
			path = at("/partenaires", said["partner"]) + "/message?" + url.Values{"id": {said["message"]}}.Encode()
		}
	case "bilan":
		path = at("/bilans", e.Subject)
	case "fact":
		path = web.TeamRoot + "/faits?" + recordedAs(e, said).Encode()
	case "letter":
		name = serviceLabel(said["service"])
		if me, _ := auth.MemberOf(ctx); me.Must(auth.RoleAdmin) == nil {
			path = lettersPath
		}
	case "member":
		name = r.names.of(e.Subject)
		if me, _ := auth.MemberOf(ctx); me.Must(auth.RoleAdmin) == nil {
			path = adminPath + "#membres"
		}
	}
	return name, path, err
}

// at is the page of one record of a list, empty when it is not known which.
func at(list, id string) string {
	if id == "" {
		return ""
	}
	return web.TeamRoot + list + "/" + url.PathEscape(id)
}

func partnerLabel(name string) string {
	partner, _ := alliance.PartnerNamed(name)
	return partner.Label
}

// application is the page of an application, which stands under its cohort. One
// that was erased has none.
func (r records) application(ctx context.Context, id string) (path string, err error) {
	cohort, known := r.cohorts[id]
	if !known {
		var item struct {
			Cohort string `dynamodbav:"cohort"`
		}
		if _, err := r.applications.Get(ctx, dynamo.Key{PK: "APPLICATION#" + id, SK: "APPLICATION"}, &item); err != nil {
			return "", err
		}
		cohort = item.Cohort
		r.cohorts[id] = cohort
	}
	if cohort == "" {
		return "", nil
	}
	return at("/cohortes", cohort) + "/candidatures/" + url.PathEscape(id), nil
}

// recordedAs is the search that finds a fact in the list of its year: that of
// its day, or for one that makes another void, when that was said.
func recordedAs(e audit.Entry, said map[string]string) url.Values {
	search := url.Values{"q": {e.Subject}}
	if kind := said["type"]; strings.HasPrefix(kind, "fact.voided") {
		search.Set("type", "fact.voided")
		search.Set("year", strconv.Itoa(e.At.In(french.Paris()).Year()))
	} else if year, _, dated := strings.Cut(cmp.Or(said["data.on"], said["data.started_on"]), "-"); dated {
		search.Set("year", year)
	}
	return search
}

// exported is the list that a file was made of, by the name of the file.
func exported(name string) (label, path string) {
	first, second, _ := strings.Cut(name, "-")
	switch {
	case lists[name].Label != "":
		return lists[name].Label, web.TeamRoot + lists[name].Path
	case first == "faits":
		return "Faits de " + second, web.TeamRoot + "/faits?" + url.Values{"year": {second}}.Encode()
	case first == "candidatures":
		return "Candidatures\u00a0: " + second, at("/cohortes", second)
	case first == "messages":
		return "Messages\u00a0: " + partnerLabel(second), at("/partenaires", second)
	case strings.HasPrefix(name, "ses_"):
		return "Inscriptions à une rencontre", at("/agenda", name)
	}
	return "", ""
}

// lists are those that are exported whole, by the name of their files.
var lists = map[string]struct{ Label, Path string }{
	"allies": {"Allié·es", "/allies"}, "agenda": {"Agenda", "/agenda"}, "journal": {"Journal", "/journal"},
	"cohortes": {"Cohortes", "/cohortes"}, "ressources": {"Ressources", "/ressources"},
	"courriels": {"Courriels", "/courriels"}, "envois-suspendus": {"Envois suspendus", "/courriels/suspensions"},
	"fichiers": {"Fichiers", "/fichiers"}, "chantiers-et-communautes": {"Chantiers et communautés apprenantes", "/series"},
}
