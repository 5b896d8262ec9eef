package publishing

import (
	"encoding/xml"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// standing are the pages that are always there.
var standing = []string{"/", "/charte", "/agenda", "/cohortes", "/allies", "/ressources", "/bilans"}

// mostListed bounds the sitemap in time and in units; the protocol takes
// 50,000 addresses. Older resources are reached from the list.
const mostListed = 5_000

type siteMap struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteURL `xml:"url"`
}

type siteURL struct {
	Location string `xml:"loc"`
	Changed  string `xml:"lastmod,omitempty"`
}

// getSitemap lists the pages and all that is published
// (https://www.sitemaps.org/protocol.html). It reads the whole shelf, and so
// it is kept for an hour by whoever stands between.
func (s *service) getSitemap(w http.ResponseWriter, r *http.Request) error {
	var all siteMap
	for _, path := range standing {
		all.URLs = append(all.URLs, siteURL{Location: s.origin + path})
	}
	for query := (shelfQuery{limit: maxLimit}); ; {
		items, next, err := s.shelf(r.Context(), query)
		if err != nil {
			return err
		}
		for _, item := range items {
			all.URLs = append(all.URLs, siteURL{s.origin + "/ressources/" + item.Slug, item.UpdatedAt.UTC().Format(time.RFC3339)})
		}
		if query.cursor = next; next == "" || len(all.URLs) > mostListed {
			break
		}
	}
	body, err := xml.Marshal(all)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return web.Raw(w, http.StatusOK, "application/xml; charset=utf-8", append([]byte(xml.Header), body...))
}
