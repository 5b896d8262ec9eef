package publishing

import (
	"context"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/publishing/search"
	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// pageRoutes are the French pages for readers, and what crawlers read.
var pageRoutes = []function.Route[service]{
	page(http.MethodGet, "/ressources", function.Public, "Resources, to search and to narrow", (*service).libraryPage),
	page(http.MethodGet, "/ressources/{slug}", function.Public, "A resource", (*service).resourcePage),
	{Method: http.MethodGet, Path: "/ressources/{slug}/carte.png", Access: function.Public, Handle: (*service).getCard,
		Doc: function.Doc{Summary: "The picture that stands for a resource where its address is shared", Type: "image/png"}},
	{Method: http.MethodGet, Path: "/ressources/{slug}/citation.bib", Access: function.Public, Handle: (*service).getCitation,
		Doc: function.Doc{Summary: "How to cite a resource, for BibTeX", Type: "application/x-bibtex"}},
	{Method: http.MethodGet, Path: "/sitemap.xml", Access: function.Public, Handle: (*service).getSitemap,
		Doc: function.Doc{Summary: "The pages that search engines may list", Type: "application/xml"}},
}

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

// resourceView is a resource with the words that its page shows.
type resourceView struct {
	resource
	KindLabel   string
	Signed      string
	Day         time.Time
	Lasts       string
	LicenceLink string
	LicenceName string
	InLanguage  string // its name; empty for French
}

func viewResource(r resource) resourceView {
	view := resourceView{resource: r, KindLabel: kindLabels[r.Kind], Signed: strings.Join(signed(r), ", "), LicenceLink: licenceLinks[r.Licence], LicenceName: web.LabelOf(licences, r.Licence)}
	if r.Language != "fr" {
		view.InLanguage = languageName(r.Language)
	}
	if at, err := time.ParseInLocation(time.DateOnly, r.PublishedOn, french.Paris()); err == nil {
		view.Day = at
	}
	if r.Audio != nil {
		view.Lasts = strconv.Itoa(max(1, (r.Audio.Seconds+30)/60)) + french.NoBreak + "min"
	}
	return view
}

// facet is a group of links that narrow a list.
type facet struct {
	Name, Label string
	Choices     []choice
}

// choice is one value of a facet, with how many there are; chosen, its link
// takes it off.
type choice struct {
	Label, Path string
	Count       int
	Chosen      bool
}

type libraryView struct {
	Items    []resourceView
	Total    int
	Facets   []facet
	Narrowed bool
	Chosen   []choice
	Hidden   url.Values // what the search box keeps of the filters
	More     string
}

func (s *service) libraryPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	query, err := readQuery(values)
	var found resourcePage
	var result search.Result
	if err == nil {
		found, result, err = s.find(r.Context(), query)
	}
	if faults, wrong := web.SearchFaults(err, []string{"q"}); wrong {
		return s.renderLibrary(w, r, libraryView{Narrowed: true}, faults)
	}
	if err != nil {
		return err
	}
	names, err := s.linkNames(r.Context())
	if err != nil {
		return err
	}
	view := libraryView{Total: result.Total, Narrowed: query.narrowed(), Facets: facetsOf(query, result.Facets, names), Hidden: url.Values{}}
	for _, item := range found.Items {
		view.Items = append(view.Items, viewResource(item))
	}
	for _, f := range view.Facets {
		for _, c := range f.Choices {
			if c.Chosen {
				view.Chosen = append(view.Chosen, choice{Label: f.Label + french.NoBreak + ": " + c.Label, Path: c.Path})
			}
		}
	}
	if query.Series != "" {
		view.Chosen = append(view.Chosen, choice{Label: "Série" + french.NoBreak + ": " + web.LabelOf(names.series, query.Series), Path: query.path("series", "")})
	}
	for _, name := range []string{"kind", "fundamental", "dimension", "series", "cohort"} {
		if value := values.Get(name); value != "" {
			view.Hidden.Set(name, value)
		}
	}
	if found.NextCursor != "" {
		view.More = query.path("cursor", found.NextCursor)
	}
	return s.renderLibrary(w, r, view, nil)
}

func (s *service) renderLibrary(w http.ResponseWriter, r *http.Request, view libraryView, faults fault.Fields) error {
	return s.pages.Render(w, r, statusOf(faults), "library", web.Page{
		Title: "Ressources", Description: "Articles, podcasts, cas documentés, outils et thèses de l’alliance, à lire et à réutiliser.",
		Canonical: "/ressources", Feed: "/ressources/feed.atom",
		Form: web.Form{Values: url.Values{"q": r.URL.Query()["q"]}, Faults: faults}, Data: view,
	})
}

// path is the address of the list with one of its filters changed: empty
// takes it off. A change goes back to the first page.
func (q resourcesQuery) path(name, value string) string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	values := url.Values{}
	for key, text := range map[string]string{
		"q": q.Text, "kind": string(q.Kind), "fundamental": number(q.Fundamental), "dimension": number(q.Dimension), "series": q.Series, "cohort": q.Cohort,
	} {
		if text != "" {
			values.Set(key, text)
		}
	}
	values.Del(name)
	if value != "" {
		values.Set(name, value)
	}
	if len(values) == 0 {
		return "/ressources"
	}
	return "/ressources?" + values.Encode()
}

func facetsOf(q resourcesQuery, counts search.Facets, names linkNames) []facet {
	var kindsFacet, fundamentalFacet, dimensionFacet, cohortFacet []choice
	add := func(to *[]choice, name, value, label string, count int, chosen bool) {
		if count == 0 && !chosen {
			return
		}
		path := q.path(name, value)
		if chosen {
			path = q.path(name, "")
		}
		*to = append(*to, choice{label, path, count, chosen})
	}
	for _, kind := range kinds {
		add(&kindsFacet, "kind", string(kind), kindLabels[kind], counts.Kind[string(kind)], q.Kind == kind)
	}
	for i, label := range fundamentalLabels {
		add(&fundamentalFacet, "fundamental", strconv.Itoa(i+1), label, counts.Fundamental[i+1], q.Fundamental == i+1)
	}
	for i, label := range dimensionLabels {
		add(&dimensionFacet, "dimension", strconv.Itoa(i+1), label, counts.Dimension[i+1], q.Dimension == i+1)
	}
	var cohorts []string
	for slug := range counts.Cohort {
		cohorts = append(cohorts, slug)
	}
	slices.Sort(cohorts)
	for _, slug := range cohorts {
		add(&cohortFacet, "cohort", slug, web.LabelOf(names.cohorts, slug), counts.Cohort[slug], q.Cohort == slug)
	}
	return []facet{
		{"kind", "Sorte", kindsFacet}, {"fundamental", "Fondamental", fundamentalFacet},
		{"dimension", "Mise en récit", dimensionFacet}, {"cohort", "Cohorte", cohortFacet},
	}
}

type bookView struct {
	resourceView
	Fundamentals []string
	Dimensions   []string
	Meetings     []agenda.Session
	SeriesName   string
	CohortName   string
	Related      []resourceView
	Bibtex       string
	Address      string
	Linked       template.JS
	Draft        bool
}

func (s *service) resourcePage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	shown, err := visible(item)
	if fault.Is(err, errWithdrawn.Code) {
		return s.pages.Render(w, r, http.StatusGone, "gone", web.Page{Title: "Cette ressource a été retirée", Private: true})
	}
	if err != nil {
		return err
	}
	view, err := s.viewBook(r.Context(), shown)
	if err != nil {
		return err
	}
	web.AllowStorage(w.Header(), s.bucket.Origin())
	w.Header().Set("Last-Modified", item.UpdatedAt.UTC().Format(http.TimeFormat))
	return s.pages.Render(w, r, http.StatusOK, "resource", web.Page{
		Title: shown.Title, Description: shown.Summary, Image: "/ressources/" + shown.Slug + "/carte.png", Feed: "/ressources/feed.atom", Data: view,
	})
}

func (s *service) viewBook(ctx context.Context, shown resource) (view bookView, err error) {
	address := s.origin + "/ressources/" + shown.Slug
	view = bookView{resourceView: viewResource(shown), Bibtex: bibtex(shown, address), Address: address}
	for _, n := range shown.Fundamentals {
		view.Fundamentals = append(view.Fundamentals, fundamentalLabels[n-1])
	}
	for _, n := range shown.Dimensions {
		view.Dimensions = append(view.Dimensions, dimensionLabels[n-1])
	}
	names, err := s.linkNames(ctx)
	if err != nil {
		return view, err
	}
	view.SeriesName, view.CohortName = web.LabelOf(names.series, shown.Series), web.LabelOf(names.cohorts, shown.Cohort)
	if view.Meetings, err = s.meetings(ctx, shown.Sessions); err != nil {
		return view, err
	}
	if view.Related, err = s.related(ctx, shown); err != nil {
		return view, err
	}
	view.Linked, err = s.linkedData(shown, address)
	return view, err
}

// meetings reads the sessions that a resource came from, those that are there.
func (s *service) meetings(ctx context.Context, ids []string) (found []agenda.Session, err error) {
	var keys []dynamo.Key
	for _, id := range ids {
		keys = append(keys, agenda.SessionKey(id))
	}
	err = s.agenda.ItemsLately(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var one agenda.Session
		err := attributevalue.UnmarshalMap(attributes, &one)
		found = append(found, one)
		return err
	})
	slices.SortFunc(found, func(a, b agenda.Session) int { return a.StartsAt.Compare(b.StartsAt) })
	return found, err
}

// showRelated is how many other resources a page leads to.
const showRelated = 3

// related are other resources: of the same series or cohort, then on the same
// dimension or fundamental, then simply the newest.
func (s *service) related(ctx context.Context, of resource) (found []resourceView, err error) {
	seen := map[string]bool{of.Slug: true}
	var queries []resourcesQuery
	if of.Series != "" {
		queries = append(queries, resourcesQuery{Series: of.Series})
	}
	if of.Cohort != "" {
		queries = append(queries, resourcesQuery{Cohort: of.Cohort})
	}
	if len(of.Dimensions) > 0 {
		queries = append(queries, resourcesQuery{Dimension: of.Dimensions[0]})
	}
	if len(of.Fundamentals) > 0 {
		queries = append(queries, resourcesQuery{Fundamental: of.Fundamentals[0]})
	}
	for _, query := range append(queries, resourcesQuery{}) {
		query.Limit = showRelated + 1
		page, _, err := s.find(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			if !seen[item.Slug] && len(found) < showRelated {
				seen[item.Slug] = true
				found = append(found, viewResource(item))
			}
		}
		if len(found) == showRelated {
			return found, nil
		}
	}
	return found, nil
}

// schemaTypes are what the kinds are to search engines (https://schema.org/).
var schemaTypes = map[Kind]string{
	Article: "Article", SpecialIssue: "PublicationIssue", Podcast: "PodcastEpisode", Case: "Article", Video: "VideoObject", Tool: "LearningResource", Thesis: "Thesis",
}

// linkedData describes a resource to search engines.
func (s *service) linkedData(r resource, address string) (template.JS, error) {
	organisation := map[string]string{"@type": "Organization", "name": noAuthors, "url": s.origin}
	var authors []any
	for _, name := range r.Authors {
		authors = append(authors, map[string]string{"@type": "Person", "name": name})
	}
	if len(authors) == 0 {
		authors = []any{organisation}
	}
	data := map[string]any{
		"@context": "https://schema.org", "@type": schemaTypes[r.Kind], "name": r.Title, "headline": r.Title, "description": r.Summary, "url": address,
		"author": authors, "publisher": organisation, "datePublished": r.PublishedOn, "dateModified": r.UpdatedAt.UTC().Format(time.RFC3339),
		"inLanguage": r.Language, "license": or(licenceLinks[r.Licence], r.Licence), "image": address + "/carte.png", "isAccessibleForFree": true,
	}
	if r.Kind == Podcast {
		data["partOfSeries"] = map[string]string{"@type": "PodcastSeries", "name": podcastTitle, "url": s.origin + "/ressources?kind=podcast", "webFeed": s.origin + "/podcast.rss"}
		if r.Episode > 0 {
			data["episodeNumber"] = r.Episode
		}
	}
	if r.Audio != nil {
		data["associatedMedia"] = map[string]any{"@type": "AudioObject", "contentUrl": s.absolute(r.Audio.URL), "encodingFormat": r.Audio.Mime,
			"contentSize": strconv.FormatInt(r.Audio.Bytes, 10), "duration": "PT" + strconv.Itoa(r.Audio.Seconds) + "S"}
	}
	text, err := json.Marshal(data)
	return template.JS(text), err //nolint:gosec // made by json.Marshal, which escapes < > and &
}

// absolute is an address in full, of ours or of someone else.
func (s *service) absolute(address string) string {
	if strings.HasPrefix(address, "/") {
		return s.origin + address
	}
	return address
}

func (s *service) getCitation(w http.ResponseWriter, r *http.Request) error {
	item, err := s.resource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	shown, err := visible(item)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Set("Content-Disposition", `attachment; filename="`+shown.Slug+`.bib"`)
	return web.Raw(w, http.StatusOK, "application/x-bibtex; charset=utf-8", []byte(bibtex(shown, s.origin+"/ressources/"+shown.Slug)+"\n"))
}
