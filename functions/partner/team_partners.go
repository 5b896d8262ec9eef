package partner

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const teamPartners = web.TeamRoot + "/partenaires"

// teamRoutes are the pages by which the team follows what partners send.
var teamRoutes = []function.Route[service]{
	page(http.MethodGet, teamPartners, function.Team, "Partners, with their last message", (*service).teamPartnersPage),
	page(http.MethodGet, teamPartners+"/{partner}", function.Team, "The messages of a partner", (*service).teamPartnerPage),
	messagesRoute(spreadsheet.CSV), messagesRoute(spreadsheet.XLSX),
	page(http.MethodGet, teamPartners+"/{partner}/message", function.Team, "A message, record by record", (*service).messagePage),
	page(http.MethodPost, teamPartners+"/{partner}/message", function.Team, "Judge again the rejected records of a message", (*service).judgePosted),
	page(http.MethodPost, teamPartners+"/{partner}/message/ecarter", function.Team, "Set the rejected records of a message aside, for a reason", (*service).asidePosted),
	page(http.MethodGet, teamPartners+"/{partner}/secret", function.Admin, "The keys of a partner, and the steps to change them", (*service).secretPage),
	page(http.MethodPost, teamPartners+"/{partner}/secret", function.Admin, "Add a key or end one", (*service).secretPosted),
}

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

var errNoPartner = fault.New(fault.NotFound, "unknown-partner", "Ce partenaire n’existe pas.")

func partnerOf(r *http.Request) (alliance.Partner, error) {
	partner, known := alliance.PartnerNamed(r.PathValue("partner"))
	if !known {
		return partner, errNoPartner
	}
	return partner, nil
}

var typeLabels = map[string]string{
	cohortPublished: "Cohorte annoncée", territoryEnrolled: "Territoire entré", territoryWithdrawn: "Territoire sorti",
	milestoneReached: "Étape franchie", cohortSnapshot: "Instantané de la cohorte",
}

// typeLabel is what a message says; one that cannot be read may say nothing.
func typeLabel(l listedReceipt) string {
	if label := typeLabels[l.Type]; label != "" {
		return label
	}
	return "Message illisible"
}

var resultLabels = map[string]string{applied: "Noté", unchanged: "Déjà connu", stale: "Dépassé", rejected: "Refusé"}

// delivery is a message as the team's pages show it.
type delivery struct {
	listedReceipt
	Path       string // of its own page
	TypeLabel  string
	CohortName string // empty when it names none that there is
	At         time.Time
	Counts     []countView
	Rejected   int // that are rejected still
}

type countView struct {
	Status, Label string
	Number        int
}

// resultView is what became of one record, and what it became later.
type resultView struct {
	result
	Number       int
	Label, Later string
}

func viewDelivery(partner alliance.Partner, l listedReceipt) delivery {
	view := delivery{listedReceipt: l, TypeLabel: typeLabel(l),
		Path: teamPartners + "/" + partner.Name + "/message?" + url.Values{"id": {l.WebhookID}}.Encode()}
	view.At, _ = time.Parse(time.RFC3339Nano, l.ReceivedAt) // we have written it
	count := map[string]int{}
	for _, one := range view.results() {
		count[one.Status]++
		if one.Status == rejected && one.Later == "" {
			view.Rejected++
		}
	}
	for _, status := range []string{applied, unchanged, stale, rejected} {
		if count[status] > 0 {
			view.Counts = append(view.Counts, countView{status, resultLabels[status], count[status]})
		}
	}
	return view
}

// results are those of all records, with what was judged again.
func (d delivery) results() (all []resultView) {
	later := map[int]string{}
	for _, one := range d.Again {
		later[one.Index] = resultLabels[one.Status]
	}
	for _, one := range d.Results {
		all = append(all, resultView{one, one.Index + 1, resultLabels[one.Status], later[one.Index]})
	}
	return all
}

type partnersListView struct{ Partners []partnerRow }

type partnerRow struct {
	alliance.Partner
	Last *delivery // nil when nothing came for thirty days
	Open int       // messages with records that were refused, which wait for the team
}

func (s *service) teamPartnersPage(w http.ResponseWriter, r *http.Request) error {
	waiting, err := partnership.Waiting(r.Context(), s.table)
	if err != nil {
		return err
	}
	view := partnersListView{}
	for _, partner := range alliance.Partners {
		last, err := s.receipts(r.Context(), partner, receiptsQuery{Limit: 1}, web.Period{})
		if err != nil {
			return err
		}
		row := partnerRow{Partner: partner, Open: waiting[partner.Name]}
		if len(last.Items) > 0 {
			d := viewDelivery(partner, last.Items[0])
			row.Last = &d
		}
		view.Partners = append(view.Partners, row)
	}
	return s.pages.Render(w, r, http.StatusOK, "team_partners", web.Page{Title: "Partenaires", Data: view})
}

type messageView struct {
	Partner alliance.Partner
	delivery
	Records []resultView
	Aside   *asideView
	Letter  string // address that opens a mail on what was rejected
	Done    string
	Settled int
}

// lettered is how many rejected records a mail names: an address that is too
// long opens nothing in some mail programs.
const lettered = 15

func (s *service) messagePage(w http.ResponseWriter, r *http.Request) error {
	return s.renderMessage(w, r, http.StatusOK, r.URL.Query().Get("id"), web.Form{})
}

func (s *service) renderMessage(w http.ResponseWriter, r *http.Request, status int, webhook string, form web.Form) error {
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	found, err := s.whole(r.Context(), partnership.DeliveryPartition(partner.Name, webhook))
	if err != nil {
		return err
	}
	if found.ReceiptID == "" {
		return errNoDelivery
	}
	view := messageView{Partner: partner, delivery: viewDelivery(partner, found), Done: r.URL.Query().Get("fait")}
	view.Settled, _ = strconv.Atoi(r.URL.Query().Get("n")) // what is no number is none
	view.Records = view.results()
	if view.Aside, err = s.viewAside(r.Context(), found.Aside); err != nil {
		return err
	}
	if view.Rejected > 0 || view.Unread != nil {
		view.Letter = s.letter(view)
	}
	return s.pages.Render(w, r, status, "team_message", web.Page{Title: "Message d’un partenaire", Form: form, Data: view})
}

// letter is a mailto address with what was rejected and why, one record a line.
func (s *service) letter(view messageView) string {
	var lines strings.Builder
	n := 0
	for _, one := range view.Records {
		if one.Status != rejected || one.Later != "" {
			continue
		}
		if n++; n > lettered {
			lines.WriteString("…\r\n")
			break
		}
		lines.WriteString(strconv.Itoa(one.Number) + ". " + one.Territory + " (" + one.Code + ") : " + one.Detail + "\r\n")
	}
	for _, one := range view.Unread {
		lines.WriteString(strings.TrimSpace(one.Field+" ("+one.Code+") : "+one.Detail) + "\r\n")
	}
	query := url.Values{"subject": {"webhook-id " + view.WebhookID}, "body": {view.ReceiptID + "\r\n\r\n" + lines.String()}}
	return "mailto:?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// judgePosted judges the rejected records of a message again.
func (s *service) judgePosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	settled, err := s.judgeAgain(r.Context(), partner, values.Get("id"))
	if f := fault.As(err); f != nil && f.Kind == fault.Conflict {
		faults, _ := web.FormFaults(err)
		return s.renderMessage(w, r, http.StatusConflict, values.Get("id"), web.Form{Faults: faults})
	}
	if err != nil {
		return err
	}
	query := url.Values{"id": {values.Get("id")}, "fait": {"rejuge"}, "n": {strconv.Itoa(settled)}}
	http.Redirect(w, r, teamPartners+"/"+partner.Name+"/message?"+query.Encode(), http.StatusSeeOther)
	return nil
}

type secretView struct {
	Partner alliance.Partner
	Live    []string // fingerprints, the newest first
	New     string   // the key that was just made, shown this once
	Done    string
}

func (s *service) secretPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderSecret(w, r, http.StatusOK, web.Form{}, "")
}

func (s *service) renderSecret(w http.ResponseWriter, r *http.Request, status int, form web.Form, made string) error {
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	live, err := s.liveFingerprints(r.Context(), partner)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "team_secret", web.Page{Title: "Clés de " + partner.Label, Private: true, Form: form,
		Data: secretView{partner, live, made, r.URL.Query().Get("fait")}})
}

// secretPosted adds a key, which is shown in the answer and nowhere else, or
// ends one.
func (s *service) secretPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	made := ""
	if mark := values.Get("retirer"); mark != "" {
		err = s.removeKey(r.Context(), partner, mark)
	} else {
		made, err = s.addKey(r.Context(), partner)
	}
	if faults, ok := web.FormFaults(err); ok {
		return s.renderSecret(w, r, web.Status(fault.As(err)), web.Form{Faults: faults}, "")
	}
	if err != nil {
		return err
	}
	if made == "" {
		http.Redirect(w, r, teamPartners+"/"+partner.Name+"/secret?fait=retiree", http.StatusSeeOther)
		return nil
	}
	return s.renderSecret(w, r, http.StatusOK, web.Form{}, made)
}
