package function

// Access says who may call a route. Hosts and the authorisation test read it;
// the spine enforces Team and Admin, the function enforces the rest.
type Access int

// Who may call a route.
const (
	Public       Access = iota + 1 // anyone; posts are limited per client address
	Mine                           // whoever holds a session on their own data
	Link                           // whoever holds a signed link, whose token names its purpose; posts are limited likewise
	Provider                       // another AWS service or a mail program, with a signed link or IAM
	Partner                        // a partner's system, by the signature of its message (package partner checks it)
	Team                           // team members, by a bearer token of the OIDC issuer or, on pages, a session
	Admin                          // administrators, likewise
	PublicOrTeam                   // anyone; a team member, likewise, is told more
)

// String is the name used in documents and tests.
func (a Access) String() string {
	return [...]string{"", "public", "mine", "link", "provider", "partner", "team", "admin", "public or team"}[a]
}

// Doc describes a route in the generated OpenAPI document. Body, Query and
// Answer are zero values of the Go types that travel; pages leave them nil.
type Doc struct {
	Summary string
	Body    any
	Query   any // a struct whose fields carry `query:"name"` and `doc:"…"` tags
	Answer  any
	Status  int  // of a good answer; 200 when 0
	Creates bool // takes an Idempotency-Key header
	// Conditional says that it takes an If-Match header, and answers 412
	// "changed-meanwhile" when what it names is no longer there.
	Conditional bool
	// Page marks a route that people see: it answers HTML, its faults are pages.
	Page bool
	// Type is the media type of a good answer that is neither JSON nor a page.
	Type string
	// Forms are other media types of the good answer, at the path with a suffix:
	// "/v1/bilans/{year}" takes "/v1/bilans/2023.csv" too.
	Forms []Form
	// Faults are the codes it may answer besides those that every route has.
	Faults []string
}

// Form is a media type of an answer, and what its path ends with.
type Form struct{ Suffix, Type string }

// Secret is a key or password that hosts keep and functions read on first use.
type Secret string

// The secrets.
const (
	// LinkKey signs links and sessions of people (package auth).
	LinkKey Secret = "link-key"
	// IdentityKey keys the hash that stands for an e-mail address in keys.
	// It never rotates: every key of every table would change.
	IdentityKey Secret = "identity-key"
	// OIDCSecret is what the issuer knows the platform by, when the team signs
	// in: the issuer gives it, and it replaces the one that is made at the
	// first deployment (docs/operations.md).
	OIDCSecret Secret = "oidc-client-secret" //nolint:gosec // its name, not itself
)

// PartnerSecret is the key that signs the webhooks of a partner, by its name
// in package alliance: "whsec_…", or several with spaces between while one
// replaces another.
func PartnerSecret(partner string) Secret { return Secret("partner-" + partner) }

// The settings that several functions share.
var (
	// RateLimit is how many posts a client address may make a minute, public or by a link; 0: no limit.
	RateLimit = Setting{"RATE_LIMIT_PER_MINUTE", "30", "posts without an account that one client address may make a minute; 0 for no limit"}
	// PublicURL is the origin that links in mails and pages begin with.
	PublicURL = Setting{"PUBLIC_URL", "http://127.0.0.1:8080", "origin of the public pages, without a slash at the end"}
	// MailFrom is the name and address that mails come from.
	MailFrom = Setting{"MAIL_FROM", "La Fabrique des transitions <bonjour@fabrique.example>", "name and address that mails come from; the provider must have verified it"}
	// OIDCIssuer signs the team's tokens.
	OIDCIssuer = Setting{"OIDC_ISSUER", "", "URL of the OpenID Connect issuer of the team"}
	// OIDCAudience is the client id that the team's tokens are made for.
	OIDCAudience = Setting{"OIDC_AUDIENCE", "fabrique", "audience that the team's tokens must name"}
	// OIDCRoleClaim is the claim that lists roles.
	OIDCRoleClaim = Setting{"OIDC_ROLE_CLAIM", "groups", "claim of the team's tokens that lists roles"}
	// DeadLetterQueues are where hosts on AWS find dead letters. Declare
	// MindsDeadLetters, and hosts fill it.
	DeadLetterQueues = Setting{"DEAD_LETTER_QUEUES", "", "URLs of the queues of dead letters, spaces between"}
	// CORSOrigins may call the API from a browser.
	CORSOrigins = Setting{"CORS_ORIGINS", "", "origins that may call the API from a browser, spaces between"}
)
