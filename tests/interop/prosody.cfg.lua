-- Prosody as the XMPP partner contoso.test, with the gateway as its component litware.test.
run_as_root = true
daemonize = false
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
log = { { levels = { min = "info" }, to = "file", filename = "@DIR@/prosody-own.log" } }
interfaces = { "127.0.0.1" }
c2s_ports = { @C2S@ }
c2s_direct_tls_ports = { }
modules_enabled = { "roster"; "saslauth"; "tls"; "disco"; "ping"; "carbons"; "smacks"; "offline"; "presence"; "message"; "iq" }
modules_disabled = { "s2s" }
c2s_require_encryption = true
authentication = "internal_hashed"
component_ports = { @COMPONENT@ }
component_interfaces = { "127.0.0.1" }
certificates = "@DIR@"
VirtualHost "contoso.test"
	ssl = { key = "@DIR@/contoso.test.key"; certificate = "@DIR@/contoso.test.crt" }
Component "litware.test"
	component_secret = "@SECRET@"
