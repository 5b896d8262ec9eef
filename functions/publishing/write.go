package publishing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var (
	errNone      = fault.New(fault.NotFound, "unknown-resource", "Cette ressource n’existe pas.")
	errWithdrawn = fault.New(fault.Gone, "resource-withdrawn", "Cette ressource a été retirée par l’équipe.")
	errExists    = fault.New(fault.Conflict, "resource-exists", "Une autre ressource porte déjà cet identifiant.")
	errBusy      = &fault.Error{Kind: fault.Unavailable, Code: "busy", RetryAfter: 2 * time.Second,
		Detail: "Beaucoup de changements arrivent en même temps : renvoyez le vôtre dans un instant."}
)

func (s *service) postResource(w http.ResponseWriter, r *http.Request) error {
	var in resourceInput
	var faults fault.Fields
	body, err := web.Decode(r, &in, &faults)
	if err != nil {
		return err
	}
	made, err := s.draft(r.Context(), in, &faults, r.Header.Get("Idempotency-Key"), body)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/resources/"+made.Slug)
	w.Header().Set("ETag", etag(made.Revision))
	return web.JSON(w, http.StatusCreated, made)
}

// take makes a resource be what was written, but for its slug.
func (c *content) take(in resourceInput, recording *audio) {
	*c = content{
		Kind: in.Kind, Title: in.Title, Summary: in.Summary, Body: in.Body, Authors: in.Authors, PublishedOn: in.PublishedOn,
		Language: in.Language, Fundamentals: in.Fundamentals, Dimensions: in.Dimensions, Series: in.Series, Cohort: in.Cohort,
		Sessions: in.Sessions, URL: in.URL, Audio: recording, Episode: in.Episode, Licence: in.Licence,
	}
	if in.Audio != nil {
		c.AudioMedia = in.Audio.Media
	}
}

// input is a resource as the team would write it.
func (i resourceItem) input() resourceInput {
	in := resourceInput{
		Slug: i.Slug, Kind: i.Kind, Title: i.Title, Summary: i.Summary, Body: i.Body, Authors: i.Authors, PublishedOn: i.PublishedOn,
		Language: i.Language, Fundamentals: i.Fundamentals, Dimensions: i.Dimensions, Series: i.Series, Cohort: i.Cohort,
		Sessions: i.Sessions, URL: i.URL, Episode: i.Episode, Licence: i.Licence,
	}
	if i.Audio != nil {
		in.Audio = &audioInput{i.AudioMedia, i.Audio.URL, i.Audio.Bytes, i.Audio.Seconds, i.Audio.Mime}
	}
	return in
}

// sameTitles is how many resources may have one title: the slug is numbered.
const sameTitles = 50

// draft makes a resource that only the team sees. A slug that was chosen and
// is taken is the Conflict fault "resource-exists".
func (s *service) draft(ctx context.Context, in resourceInput, faults *fault.Fields, key string, asked []byte) (made resource, err error) {
	now := s.now()
	once := s.table.Once("POST /v1/resources", key, asked, now)
	if text, found, err := once.Answered(ctx); err != nil || found {
		return readAnswer(text, err)
	}
	in.check(faults)
	recording, err := s.checkLinks(ctx, in, faults)
	if err != nil {
		return made, err
	}
	if err := faults.Err(); err != nil {
		return made, err
	}
	item := resourceItem{ID: s.newID("res"), State: draft, Revision: 1, CreatedAt: now.UTC(), UpdatedAt: now.UTC()}
	item.take(in, recording)
	stem := or(in.Slug, alliance.Slug(in.Title))
	for n := 1; n <= sameTitles; n++ {
		item.Slug = stem
		if n > 1 {
			item.Slug = fmt.Sprintf("%s-%d", stem, n)
		}
		if alliance.Reserved(item.Slug) { // the title of a resource may be the name of a page
			continue
		}
		made, err = s.putDraft(ctx, item, once)
		if !fault.Is(err, errExists.Code) || in.Slug != "" {
			return made, err
		}
	}
	return made, errExists
}

func (s *service) putDraft(ctx context.Context, item resourceItem, once dynamo.Once) (resource, error) {
	item.Key = resourceKey(item.Slug)
	item.place()
	made, err := item.forTeam()
	if err != nil {
		return made, err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, dynamo.Absent))
	s.addVersion(ctx, &writes, item, "created")
	before, after := audited(resourceItem{}, item)
	writes.Add(s.audit.Entry(ctx, "resource.created", item.Slug, before, after))
	keep, keyed, err := once.Answer(string(text))
	if keyed || err != nil {
		writes.Add(keep, err)
	}
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		if text, found, firstErr := once.First(refused, 3); keyed && (found || firstErr != nil) {
			return readAnswer(text, firstErr)
		}
		return made, errExists
	}
	return made, err
}

// readAnswer reads an answer that was given before.
func readAnswer(text string, err error) (out resource, _ error) {
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal([]byte(text), &out)
}

// addVersion keeps what a resource is now, and who made it so.
func (s *service) addVersion(ctx context.Context, writes *dynamo.Writes, item resourceItem, action string) {
	member, _ := auth.MemberOf(ctx) // without one, the audit entry of the same transaction refuses
	writes.Add(s.table.Put(versionItem{
		Key: versionKey(item.Slug, item.Revision), content: item.content, Revision: item.Revision, State: item.State,
		Action: action, Who: member.Subject, At: item.UpdatedAt,
	}, dynamo.Absent))
}

// resource reads a resource, or returns the fault "unknown-resource".
func (s *service) resource(ctx context.Context, slug string) (item resourceItem, err error) {
	found, err := s.table.Get(ctx, resourceKey(slug), &item)
	if err == nil && !found {
		err = errNone
	}
	return item, err
}
