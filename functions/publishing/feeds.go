package publishing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/functions/publishing/feeds"
	"github.com/fabrique-des-transitions/fabrique/functions/publishing/search"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// feedRoutes are what programs follow.
var feedRoutes = []function.Route[service]{
	{Method: http.MethodGet, Path: "/ressources/feed.atom", Access: function.Public, Handle: (*service).getAtom,
		Doc: function.Doc{Summary: "The latest resources, for feed readers", Type: "application/atom+xml"}},
	{Method: http.MethodGet, Path: "/podcast.rss", Access: function.Public, Handle: (*service).getPodcast,
		Doc: function.Doc{Summary: "The podcast, for its players", Type: "application/rss+xml"}},
	{Method: http.MethodGet, Path: "/podcast.png", Access: function.Public, Handle: (*service).getCover,
		Doc: function.Doc{Summary: "The cover of the podcast", Type: "image/png"}},
	{Method: http.MethodGet, Path: "/oai", Access: function.Public, Handle: (*service).harvest,
		Doc: function.Doc{Summary: "OAI-PMH 2.0, for the harvesters of libraries", Query: oaiQuery{}, Type: "text/xml"}},
	page(http.MethodPost, "/oai", function.Public, "The same by a form, as the protocol wants it", (*service).harvest),
}

// oaiQuery are the arguments of the protocol, for its document.
type oaiQuery struct {
	Verb       string `query:"verb" doc:"Identify, ListMetadataFormats, ListSets, ListIdentifiers, ListRecords or GetRecord"`
	Prefix     string `query:"metadataPrefix" doc:"oai_dc"`
	Identifier string `query:"identifier"`
	From       string `query:"from"`
	Until      string `query:"until"`
	Set        string `query:"set"`
	Token      string `query:"resumptionToken"`
}

// authority names us in identifiers that never change, wherever the site
// stands (RFC 4151 for tags; the OAI identifier format's guidelines).
const authority = "fabriquedestransitions.net"

const (
	podcastTitle   = "La Fabrique des transitions, le podcast"
	podcastSummary = "Chaque mois, des territoires racontent leur transition : ce qu’ils ont tenté, appris, raté et réussi."
	contactAddress = "contact@" + authority
	mostEpisodes   = 100
	coverSize      = 1400 // the least that players take
)

// entry is a resource as feeds say it.
func (s *service) entry(item resourceItem) (feeds.Entry, error) {
	shown, err := item.shown()
	if err != nil {
		return feeds.Entry{}, err
	}
	address := s.origin + "/ressources/" + item.Slug
	e := feeds.Entry{
		ID: "tag:" + authority + ",2026:" + item.ID, URL: address, Title: item.Title, Summary: shown.Summary,
		HTML:    strings.ReplaceAll(strings.ReplaceAll(string(shown.BodyHTML), `href="/`, `href="`+s.origin+"/"), `src="/`, `src="`+s.origin+"/"),
		Authors: signed(shown), Language: item.Language, Licence: licenceLinks[item.Licence],
		Categories: []feeds.Category{{Term: string(item.Kind), Label: kindLabels[item.Kind]}},
		Published:  publishedAt(item.PublishedOn, time.Time{}), Updated: item.UpdatedAt,
	}
	if e.Updated.Before(e.Published) { // written before noon of its own day
		e.Published = e.Updated
	}
	for _, n := range item.Fundamentals {
		e.Categories = append(e.Categories, feeds.Category{Term: "fundamental-" + strconv.Itoa(n), Label: fundamentalLabels[n-1]})
	}
	for _, n := range item.Dimensions {
		e.Categories = append(e.Categories, feeds.Category{Term: "dimension-" + strconv.Itoa(n), Label: dimensionLabels[n-1]})
	}
	if item.Audio != nil {
		e.Audio = &feeds.Audio{URL: s.absolute(item.Audio.URL), MIME: item.Audio.Mime, Bytes: item.Audio.Bytes,
			Duration: time.Duration(item.Audio.Seconds) * time.Second, Episode: item.Episode}
		if item.Body != "" { // the text of an episode is its transcript
			e.Audio.Transcript, e.Audio.TranscriptMIME = address, "text/html"
		}
	}
	return e, nil
}

func (s *service) entries(items []resourceItem) (list []feeds.Entry, err error) {
	for _, item := range items {
		e, err := s.entry(item)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// lastChanged is when readers last saw a change, the epoch before any.
func (s *service) lastChanged(ctx context.Context) (time.Time, error) {
	var items []resourceItem
	_, err := s.queryIndex(ctx, "changes", expression.Key("changes").Equal(expression.Value(publicLog)), false, 1, nil, &items)
	if err != nil || len(items) == 0 {
		return time.Unix(0, 0).UTC(), err
	}
	return items[0].UpdatedAt, nil
}

func (s *service) getAtom(w http.ResponseWriter, r *http.Request) error {
	items, _, err := s.shelf(r.Context(), shelfQuery{limit: defaultLimit})
	if err != nil {
		return err
	}
	list, err := s.entries(items)
	if err != nil {
		return err
	}
	changed, err := s.lastChanged(r.Context())
	if err != nil {
		return err
	}
	body, err := feeds.Atom(feeds.Feed{
		ID: "tag:" + authority + ",2026:ressources", Title: noAuthors + ", les ressources", Author: noAuthors, Language: "fr",
		Subtitle: "Ce que l’alliance apprend, à lire et à réutiliser.", Self: s.origin + "/ressources/feed.atom", Home: s.origin + "/ressources", Since: changed,
	}, list)
	if err != nil {
		return err
	}
	return conditional(w, r, feeds.AtomType, body, changed)
}

// conditional answers a feed, or 304 to who has it already
// (https://www.rfc-editor.org/rfc/rfc9110#section-13).
func conditional(w http.ResponseWriter, r *http.Request, mediaType string, body []byte, changed time.Time) error {
	sum := sha256.Sum256(body)
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	w.Header().Set("Cache-Control", "public, max-age=300")
	http.ServeContent(w, r, "", changed, bytes.NewReader(body))
	return nil
}

func (s *service) getPodcast(w http.ResponseWriter, r *http.Request) error {
	index, err := s.fresh(r.Context())
	if err != nil {
		return err
	}
	hits, err := index.Search(r.Context(), search.Query{Kind: string(Podcast), Limit: mostEpisodes})
	if err != nil {
		return err
	}
	slugs := make([]string, len(hits.Hits))
	for i, hit := range hits.Hits {
		slugs[i] = hit.Slug
	}
	found, err := s.batch(r.Context(), slugs)
	if err != nil {
		return err
	}
	var items []resourceItem
	for _, slug := range slugs {
		if item, there := found[slug]; there && item.State == published && item.Audio != nil {
			items = append(items, item)
		}
	}
	list, err := s.entries(items)
	if err != nil {
		return err
	}
	changed, err := s.lastChanged(r.Context())
	if err != nil {
		return err
	}
	body, err := feeds.Podcast(feeds.Show{
		GUID: feeds.PodcastGUID(authority + "/podcast.rss"), Title: podcastTitle, Description: podcastSummary, Author: noAuthors,
		OwnerName: noAuthors, OwnerEmail: contactAddress, Self: s.origin + "/podcast.rss", Home: s.origin + "/ressources?kind=podcast",
		Image: s.origin + "/podcast.png", Language: "fr", Category: "Society & Culture", Subcategory: "Documentary",
		Licence: "CC-BY-SA-4.0", LicenceURL: licenceLinks[defaultLicence], Since: changed,
	}, list)
	if err != nil {
		return err
	}
	return conditional(w, r, feeds.PodcastType, body, changed)
}

// getCover draws the square picture that stands for the podcast.
func (s *service) getCover(w http.ResponseWriter, _ *http.Request) error {
	picture, err := cover(podcastTitle)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=604800")
	return web.Raw(w, http.StatusOK, "image/png", picture)
}

// oaiPage is how many records one answer to a harvester has: with texts of the
// greatest length, one query of the table.
const oaiPage = 10

func (s *service) harvest(w http.ResponseWriter, r *http.Request) error {
	sets := []feeds.Set{{Spec: "kind", Name: "Sortes de ressources"}}
	for _, kind := range kinds {
		sets = append(sets, feeds.Set{Spec: "kind:" + string(kind), Name: kindLabels[kind]})
	}
	repository := feeds.Repository{
		Name: noAuthors + ", les ressources", BaseURL: s.origin + "/oai", Publisher: noAuthors, AdminEmail: contactAddress,
		Earliest: time.Date(2016, time.January, 1, 0, 0, 0, 0, time.UTC), Sets: sets, PageSize: oaiPage,
		Record: s.oaiRecord, Changes: s.oaiChanges, Now: s.now,
	}
	w.Header().Set("Cache-Control", "no-store") // a harvest must see the present
	return repository.Serve(w, r)
}

const oaiPrefix = "oai:" + authority + ":"

// oaiTypes are the kinds in the vocabulary of DCMI.
var oaiTypes = map[Kind]string{Podcast: "Sound", Video: "MovingImage", Tool: "InteractiveResource"}

func (s *service) oaiOf(item resourceItem) (feeds.Record, error) {
	record := feeds.Record{Identifier: oaiPrefix + item.Slug, Changed: item.UpdatedAt, Deleted: item.State != published,
		Sets: []string{"kind:" + string(item.Kind)}, Type: or(oaiTypes[item.Kind], "Text")}
	if record.Deleted {
		return record, nil
	}
	var err error
	record.Entry, err = s.entry(item)
	return record, err
}

func (s *service) oaiRecord(ctx context.Context, identifier string) (record feeds.Record, found bool, err error) {
	slug, ours := strings.CutPrefix(identifier, oaiPrefix)
	if !ours || slug == "" {
		return record, false, nil
	}
	var item resourceItem
	found, err = s.table.Get(ctx, resourceKey(slug), &item)
	if err != nil || !found || !item.known() {
		return record, false, err
	}
	record, err = s.oaiOf(item)
	return record, true, err
}

func (s *service) oaiChanges(ctx context.Context, within feeds.Interval, after string, limit int) (records []feeds.Record, next string, err error) {
	start, err := dynamo.StartKey(after, "pk", "sk", "changes", "changed_at")
	if err != nil {
		return nil, "", feeds.ErrCursor
	}
	from, until := "0", "~" // after all digits
	if !within.From.IsZero() {
		from = within.From.UTC().Format(instant)
	}
	if !within.Until.IsZero() { // to the end of its second
		until = within.Until.UTC().Format("2006-01-02T15:04:05") + ".999Z~"
	}
	var items []resourceItem
	last, err := s.queryIndex(ctx, "changes", expression.Key("changes").Equal(expression.Value(publicLog)).
		And(expression.Key("changed_at").Between(expression.Value(from), expression.Value(until))), true, limit, start, &items)
	if err != nil {
		return nil, "", err
	}
	for _, item := range items {
		record, err := s.oaiOf(item)
		if err != nil {
			return nil, "", err
		}
		records = append(records, record)
	}
	next, err = dynamo.Cursor(last)
	return records, next, err
}
