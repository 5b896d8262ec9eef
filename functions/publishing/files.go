package publishing

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

// filesQuery is what the list of files may be narrowed by.
type filesQuery struct {
	Text   string
	Family string // "audio", "document" or "image"
	State  string
	Limit  int
	Cursor string
}

// filesFields are its filters, as addresses name them.
var filesFields = []string{"q", "type", "status"}

func readFilesQuery(values url.Values) (filesQuery, error) {
	var faults fault.Fields
	query := filesQuery{strings.TrimSpace(values.Get("q")), values.Get("type"), values.Get("status"), defaultLimit, values.Get("cursor")}
	if runes(query.Text) > maxQuery {
		faults.Add("query.q", "Cherchez moins de mots à la fois.")
	}
	if query.Family != "" && familyLabels[query.Family] == "" {
		faults.Add("query.type", "Choisissez un type de la liste.")
	}
	if query.State != "" && fileStateLabels[query.State] == "" {
		faults.Add("query.status", "Choisissez un état de la liste.")
	}
	return query, faults.Err()
}

// keeps tells whether the search keeps a file.
func (q filesQuery) keeps(file mediaItem, words []string) bool {
	return (q.Family == "" || mediaTypes[file.Type].family == q.Family) && (q.State == "" || file.State == q.State) && territory.HasWords(file.Name, words)
}

type filesPage struct {
	Items      []mediaItem
	NextCursor string
}

// files reads one page of the files, the latest announced first. One that
// never came is gone after a day, though its record may stand a while longer.
func (s *service) files(ctx context.Context, query filesQuery) (page filesPage, err error) {
	words, now := territory.Words(query.Text), s.now()
	page.Items, page.NextCursor, err = listed(ctx, s, listing[mediaItem]{
		index: "files", partition: allFiles, limit: query.Limit, cursor: query.Cursor,
		narrowed: query.Family != "" || query.State != "" || query.Text != "",
		keeps:    func(file mediaItem) bool { return !file.gone(now) && query.keeps(file, words) },
		at:       func(file mediaItem) string { return file.FilesAt },
		key:      mediaKey,
	})
	return page, err
}

// gone tells whether nobody waits for the file any more.
func (i mediaItem) gone(now time.Time) bool { return i.ExpiresAt != 0 && i.ExpiresAt <= now.Unix() }

// uses are the resources that lead to each file, by its id. It reads the index
// "desk", all of it: some hundred bytes a resource.
func (s *service) uses(ctx context.Context) (map[string][]deskEntry, error) {
	page, err := s.desk(ctx, deskQuery{Limit: maxRead})
	uses := map[string][]deskEntry{}
	for _, entry := range page.Items {
		for _, id := range entry.Files {
			uses[id] = append(uses[id], entry)
		}
	}
	return uses, err
}
