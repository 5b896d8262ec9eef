package publishing

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// deskQuery is what the team's list of resources may be narrowed by.
type deskQuery struct {
	Text   string `query:"q" doc:"Words, or parts of words, of the title and of the authors' names"`
	Kind   Kind   `query:"kind"`
	Status string `query:"status" doc:"draft, published or withdrawn"`
	Series string `query:"series" doc:"Slug of a series"`
	Cohort string `query:"cohort" doc:"Slug of a cohort"`
	Year   string `query:"year" doc:"Of the day of publication, as 2026"`
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

// deskFields are its filters, as addresses name them.
var deskFields = []string{"q", "kind", "status", "series", "cohort", "year"}

func readDeskQuery(values url.Values) (deskQuery, error) {
	var faults fault.Fields
	query := deskQuery{
		Text: strings.TrimSpace(values.Get("q")), Kind: Kind(values.Get("kind")), Status: values.Get("status"), Series: values.Get("series"),
		Cohort: values.Get("cohort"), Year: values.Get("year"), Limit: readLimit(values, &faults), Cursor: values.Get("cursor"),
	}
	if runes(query.Text) > maxQuery {
		faults.Add("query.q", "Cherchez moins de mots à la fois.")
	}
	if query.Kind != "" && !slices.Contains(kinds, query.Kind) {
		faults.Add("query.kind", "Choisissez une sorte de ressource de la liste.")
	}
	if query.Status != "" && stateLabels[query.Status] == "" {
		faults.Add("query.status", "Choisissez un état de la liste.")
	}
	alliance.CheckSlug(&faults, "query.series", query.Series)
	alliance.CheckSlug(&faults, "query.cohort", query.Cohort)
	if _, err := time.Parse("2006", query.Year); query.Year != "" && err != nil {
		faults.Add("query.year", "Saisissez une année, comme 2026.")
	}
	return query, faults.Err()
}

// readLimit reads how many items a list of the team is asked for.
func readLimit(values url.Values, faults *fault.Fields) int {
	text := values.Get("limit")
	if text == "" {
		return defaultLimit
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
	}
	return limit
}

// narrowed tells whether the list is not simply all of it.
func (q deskQuery) narrowed() bool {
	return q.Text != "" || q.Kind != "" || q.Status != "" || q.Series != "" || q.Cohort != "" || q.Year != ""
}

// keeps tells whether the search keeps a resource.
func (q deskQuery) keeps(e deskEntry, words []string) bool {
	return (q.Kind == "" || e.Kind == q.Kind) && (q.Status == "" || e.Status == q.Status) && (q.Series == "" || e.Series == q.Series) &&
		(q.Cohort == "" || e.Cohort == q.Cohort) && strings.HasPrefix(e.PublishedOn, q.Year) &&
		territory.HasWords(e.Title+" "+strings.Join(e.Authors, " "), words)
}

// deskEntry is a resource in the team's list.
type deskEntry struct {
	Slug        string    `json:"slug" dynamodbav:"slug"`
	Kind        Kind      `json:"kind" dynamodbav:"kind" enum:"article,special_issue,podcast,case,video,tool,thesis"`
	Title       string    `json:"title" dynamodbav:"title"`
	Status      string    `json:"status" dynamodbav:"state" enum:"draft,published,withdrawn"`
	Revision    int       `json:"revision" dynamodbav:"revision"`
	PublishedOn string    `json:"published_on,omitempty" dynamodbav:"published_on" format:"date"`
	Authors     []string  `json:"authors,omitempty" dynamodbav:"authors"`
	Series      string    `json:"series,omitempty" dynamodbav:"series"`
	Cohort      string    `json:"cohort,omitempty" dynamodbav:"cohort"`
	Language    string    `json:"language" dynamodbav:"lang"`
	Licence     string    `json:"licence" dynamodbav:"licence"`
	UpdatedAt   time.Time `json:"updated_at" dynamodbav:"updated_at"`
	Files       []string  `json:"-" dynamodbav:"uses"`
	At          string    `json:"-" dynamodbav:"desk_at"`
}

type deskPage struct {
	Items      []deskEntry `json:"items"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

func (s *service) getLibrary(w http.ResponseWriter, r *http.Request) error {
	query, err := readDeskQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.desk(r.Context(), query)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, page)
}

// desk reads one page of all resources, the latest change first.
func (s *service) desk(ctx context.Context, query deskQuery) (page deskPage, err error) {
	words := territory.Words(query.Text)
	page.Items, page.NextCursor, err = listed(ctx, s, listing[deskEntry]{
		index: "desk", partition: teamDesk, limit: query.Limit, cursor: query.Cursor, narrowed: query.narrowed(),
		keeps: func(e deskEntry) bool { return query.keeps(e, words) },
		at:    func(e deskEntry) string { return e.At },
		key:   resourceKey,
	})
	return page, err
}
