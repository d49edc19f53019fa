# nginx' settings: scripts, kernels and initrds over HTTP, and over HTTPS where TLS is given.
#
# `servers` goes into an http block (NixOS: `services.nginx.appendHttpConfig`);
# `configuration` is a whole file for other hosts. Must not know what the scripts say.
let
  quoted = builtins.toJSON;
  lines = builtins.concatStringsSep "\n";
  indented = list: map (line: if line == "" then "" else "  ${line}") list;
  block = head: body: [ "${head} {" ] ++ indented body ++ [ "}" ];

  # Scripts change with the node list and are never kept; an image may be, by proxies on the way.
  caching = block "map $uri $pxe_cache_control" [
    "default no-store;"
    "~\\.ipxe$ no-store;"
    "~^/images/. \"public, max-age=604800\";"
    "~^/ipxe/. \"public, max-age=86400\";"
  ];

  # One line of JSON for each request: who fetched what, how much of it, how long it took.
  logging = [
    "log_format pxe escape=json '{\"time\":\"$time_iso8601\",\"node\":\"$remote_addr\",\"request\":\"$request\",'"
    "  '\"status\":$status,\"bytes\":$body_bytes_sent,\"seconds\":$request_time,\"agent\":\"$http_user_agent\"}';"
  ];

  # Counted over all nodes: a rack that is switched on at once must not fill the link.
  counting = [
    "limit_conn_zone $server_name zone=pxe_transfers:1m;"
    "limit_conn_status 503;"
  ];

  health = block "location = /health" [
    "access_log off;"
    "default_type text/plain;"
    "add_header Cache-Control no-store;"
    "# The file comes with the scripts: where they are missing, so is it."
    "try_files /health =503;"
  ];

  status =
    server:
    block "location = /status" (
      [
        "access_log off;"
        "stub_status;"
        "allow 127.0.0.1;"
      ]
      ++ map (each: "allow ${each};") server.http.statusFrom
      ++ [ "deny all;" ]
    );

  images =
    server:
    block "location /images/" (
      [ "limit_conn pxe_transfers ${toString server.http.concurrentTransfers};" ]
      ++ (if server.http.rate == null then [ ] else [ "limit_rate ${server.http.rate};" ])
    );

  # A machine without a script of its own gets the menu: an answer, not an error, so that
  # iPXE can try again whatever fails.
  nodes = block "location /nodes/" [ "try_files $uri $uri/ /nodes/unknown.ipxe;" ];

  everything = server: health ++ status server ++ images server ++ nodes;

  virtualHost =
    server: head: body:
    block "server" (
      head
      ++ [
        "server_name ${if server.tls == null || server.tls.name == null then "_" else server.tls.name};"
        "root ${quoted server.http.root};"
        "access_log /var/log/nginx/pxe.log pxe;"
        "default_type application/octet-stream;"
        "add_header Cache-Control $pxe_cache_control;"
        "sendfile on;"
        "tcp_nopush on;"
        "# For people who look what is there; ranges are nginx' own."
        "autoindex on;"
      ]
      ++ body
    );

  plain = server: virtualHost server [ "listen ${toString server.http.port} default_server;" ];
  encrypted =
    server:
    virtualHost server [
      "listen ${toString server.tls.port} ssl default_server;"
      "ssl_certificate ${quoted server.tls.certificate};"
      "ssl_certificate_key ${quoted server.tls.key};"
      "# iPXE speaks TLS 1.2."
      "ssl_protocols TLSv1.2 TLSv1.3;"
    ];

  # With TLS, plain HTTP keeps what firmware without certificates needs, and points on.
  redirect =
    server:
    health
    ++ block "location /ipxe/" [ ]
    ++ block "location /" [
      "return 301 https://${if server.tls.name == null then "$host" else server.tls.name}${
        if server.tls.port == 443 then "" else ":${toString server.tls.port}"
      }$request_uri;"
    ];

  servers =
    server:
    lines (
      caching
      ++ logging
      ++ counting
      ++ (
        if server.tls == null then
          plain server (everything server)
        else
          plain server (redirect server) ++ encrypted server (everything server)
      )
    )
    + "\n";
in
{
  inherit servers;

  configuration = server: ''
    worker_processes auto;
    error_log stderr;
    pid /run/nginx.pid;
    events {
      worker_connections 1024;
    }
    http {
    ${servers server}}
  '';
}
