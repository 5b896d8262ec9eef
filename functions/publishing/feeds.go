package publishing

import "github.com/fabrique-des-transitions/fabrique/shared/function"

var feedRoutes = []function.Route[service]{}

const podcastTitle = "La Fabrique des transitions, le podcast"
