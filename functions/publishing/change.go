package publishing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// resourceChange is what the team changes of a resource: what is nil stays.
type resourceChange struct {
	Kind         *Kind       `json:"kind,omitempty"`
	Title        *string     `json:"title,omitempty"`
	Summary      *string     `json:"summary,omitempty"`
	Body         *string     `json:"body,omitempty"`
	Authors      *[]string   `json:"authors,omitempty"`
	PublishedOn  *string     `json:"published_on,omitempty" format:"date"`
	Language     *string     `json:"language,omitempty"`
	Fundamentals *[]int      `json:"fundamentals,omitempty"`
	Dimensions   *[]int      `json:"narrative_dimensions,omitempty"`
	Series       *string     `json:"series,omitempty"`
	Cohort       *string     `json:"cohort,omitempty"`
	Sessions     *[]string   `json:"sessions,omitempty"`
	URL          *string     `json:"url,omitempty"`
	Audio        *audioInput `json:"audio,omitempty" doc:"An empty object takes it away"`
	Episode      *int        `json:"episode,omitempty"`
	Licence      *string     `json:"licence,omitempty"`
}

func (c resourceChange) apply(in *resourceInput) {
	set(&in.Kind, c.Kind)
	set(&in.Title, c.Title)
	set(&in.Summary, c.Summary)
	set(&in.Body, c.Body)
	set(&in.Authors, c.Authors)
	set(&in.PublishedOn, c.PublishedOn)
	set(&in.Language, c.Language)
	set(&in.Fundamentals, c.Fundamentals)
	set(&in.Dimensions, c.Dimensions)
	set(&in.Series, c.Series)
	set(&in.Cohort, c.Cohort)
	set(&in.Sessions, c.Sessions)
	set(&in.URL, c.URL)
	set(&in.Episode, c.Episode)
	set(&in.Licence, c.Licence)
	if c.Audio != nil {
		in.Audio = c.Audio
		if *c.Audio == (audioInput{}) {
			in.Audio = nil
		}
	}
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *service) patchResource(w http.ResponseWriter, r *http.Request) error {
	var in resourceChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	item, err := s.change(r.Context(), r.PathValue("slug"), in, r.Header.Get("If-Match"), &faults)
	return s.answer(w, item, err)
}

// answer answers a resource as the team sees it.
func (s *service) answer(w http.ResponseWriter, item resourceItem, err error) error {
	if err != nil {
		return err
	}
	shown, err := item.forTeam()
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(item.Revision))
	return web.JSON(w, http.StatusOK, shown)
}

// rounds is how often a change is made again on what someone else has just
// written, in the resource or in the log: each takes the rest as it is then.
const rounds = 20

// change changes a resource, at once for readers when it is published. Without
// ifMatch, the latest word on each field wins. It returns the Stale fault
// "changed-meanwhile" when the resource is no longer what ifMatch names.
func (s *service) change(ctx context.Context, slug string, in resourceChange, ifMatch string, faults *fault.Fields) (resourceItem, error) {
	for range rounds {
		old, err := s.resource(ctx, slug)
		if err != nil {
			return old, err
		}
		if err := s.stale(ctx, old, ifMatch); err != nil {
			return old, err
		}
		wanted := old.input()
		in.apply(&wanted)
		found := append(fault.Fields{}, *faults...)
		wanted.check(&found)
		recording, err := s.checkLinks(ctx, wanted, &found)
		if err != nil {
			return old, err
		}
		item := old
		item.take(wanted, recording)
		if old.State == published {
			s.checkPublishable(item, &found)
		}
		if err := found.Err(); err != nil {
			return old, err
		}
		if reflect.DeepEqual(item.content, old.content) {
			return old, nil
		}
		made, again, err := s.advance(ctx, old, item, "changed")
		if !again {
			return made, err
		}
	}
	return resourceItem{}, errBusy
}

// advance writes a resource in place of what was read, with its version, its
// facts and the audit entry. again says that someone else was first.
func (s *service) advance(ctx context.Context, old, item resourceItem, action string) (made resourceItem, again bool, err error) {
	now := s.now().UTC()
	item.Revision, item.UpdatedAt = old.Revision+1, now
	if !now.After(old.UpdatedAt) { // harvesters follow the order of changes
		item.UpdatedAt = old.UpdatedAt.Add(1e6)
	}
	var writes dynamo.Writes
	s.addFacts(&writes, old, &item)
	item.place()
	writes.Add(s.table.Put(item, sameRevision(old)))
	s.addVersion(ctx, &writes, item, action)
	before, after := audited(old, item)
	writes.Add(s.audit.Entry(ctx, "resource."+action, item.Slug, before, after))
	if item.known() {
		last, err := s.lastChange(ctx)
		if err != nil {
			return item, false, err
		}
		writes.Add(s.table.Put(logItem{logKey(last + 1), item.Slug}, dynamo.Absent))
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	return item, errors.As(err, &refused), err
}

// etag names a revision. An ETag is about what the team writes; what pages add
// around it changes with the software.
func etag(revision int) string { return `"` + strconv.Itoa(revision) + `"` }

// matches tells whether a header If-Match or If-None-Match names a revision
// (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3).
func matches(header string, revision int) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || tag == etag(revision) {
			return true
		}
	}
	return false
}

// stale returns nil when a resource is what ifMatch names, or nothing is
// named. Else it tells what has changed since, when the tag was one of ours.
func (s *service) stale(ctx context.Context, now resourceItem, ifMatch string) error {
	if ifMatch == "" || matches(ifMatch, now.Revision) {
		return nil
	}
	stale := fault.New(fault.Stale, "changed-meanwhile", "Cette ressource a changé depuis que vous l’avez lue : relisez-la, puis refaites votre changement.")
	revision, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(strings.TrimSpace(ifMatch), "W/"), `"`))
	if err != nil {
		return stale
	}
	var before versionItem
	found, err := s.table.Get(ctx, versionKey(now.Slug, revision), &before)
	if err != nil {
		return err
	}
	if found {
		stale.Detail = fmt.Sprintf("Cette ressource a changé le %s à %s : relisez-la, puis refaites votre changement.",
			french.Date(now.UpdatedAt), french.Hour(now.UpdatedAt))
		stale.Fields = differences(before, now)
	}
	return stale
}

// differences are the fields that are not what they were, with what they are.
func differences(before versionItem, now resourceItem) (fields []fault.Field) {
	was, is := reflect.ValueOf(before.content), reflect.ValueOf(now.content)
	for i := range was.NumField() {
		name := was.Type().Field(i).Tag.Get("dynamodbav")
		name, _, _ = strings.Cut(name, ",")
		if reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) || name == "audio_media" {
			continue
		}
		if name == "lang" {
			name = "language"
		}
		message := "A changé."
		if value := is.Field(i); value.Kind() == reflect.String && runes(value.String()) <= maxTitle {
			message = nowIs(name, value.String())
		}
		fields = append(fields, fault.Field{Location: name, Message: message})
	}
	if before.State != now.State {
		fields = append(fields, fault.Field{Location: "status", Message: nowIs("status", now.State)})
	}
	return fields
}

// nowIs says what a field is now, in the words of the form.
func nowIs(field, value string) string {
	switch field {
	case "kind":
		value = kindLabels[Kind(value)]
	case "status":
		value = stateLabels[value]
	case "language":
		value = languageName(value)
	}
	if value == "" {
		return "N’est plus renseigné."
	}
	return "Vaut maintenant « " + value + " »."
}
