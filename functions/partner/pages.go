package partner

import (
	"embed"
	"net/http"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// exampleFiles are programs that really run: tests send messages with them.
//
//go:embed examples/go/main.go examples/send.py examples/send.mjs
var exampleFiles embed.FS

type example struct{ ID, Language, Code string }

type partnersView struct {
	Address  string // of the webhook, with the partner to be named
	Partners []alliance.Partner
	Examples []example
}

func (s *service) partnersPage(w http.ResponseWriter, r *http.Request) error {
	view := partnersView{Address: s.origin + "/v1/webhooks/", Partners: alliance.Partners}
	for _, e := range []struct{ id, language, file string }{
		{"go", "Go", "examples/go/main.go"}, {"python", "Python", "examples/send.py"}, {"javascript", "JavaScript", "examples/send.mjs"},
	} {
		code, err := exampleFiles.ReadFile(e.file)
		if err != nil {
			return err
		}
		view.Examples = append(view.Examples, example{e.id, e.language, string(code)})
	}
	return s.pages.Render(w, r, http.StatusOK, "partners", web.Page{
		Title: "Espace des partenaires", Description: "Comment une Région ou une agence transmet les données de sa cohorte.", Canonical: "/partenaires", Data: view,
	})
}
