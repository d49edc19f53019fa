# nginx's settings: scripts, kernels and initrds over HTTP, and over HTTPS if TLS is configured.
#
# `virtualHosts` is for `services.nginx.virtualHosts` of NixOS, and `commonHttpConfig` is what
# they need in addition; `configuration` is a whole file for other hosts, rendered from the
# same. Must not know what the scripts do.
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

  commonHttpConfig = lines (caching ++ logging ++ counting);

  # The file comes with the scripts: where they are missing, so is it.
  health."= /health".extraConfig = lines [
    "access_log off;"
    "default_type text/plain;"
    "add_header Cache-Control no-store;"
    "try_files /health =503;"
  ];

  everything =
    server:
    health
    // {
      "= /status".extraConfig = lines (
        [
          "access_log off;"
          "stub_status;"
          "allow 127.0.0.1;"
        ]
        ++ map (each: "allow ${each};") server.http.statusFrom
        ++ [ "deny all;" ]
      );
      "/images/".extraConfig = lines (
        [ "limit_conn pxe_transfers ${toString server.http.concurrentTransfers};" ]
        ++ (if server.http.rate == null then [ ] else [ "limit_rate ${server.http.rate};" ])
      );
      # A machine without a script of its own gets the menu: an answer, not an error, so that
      # iPXE can try again whatever fails.
      "/nodes/".extraConfig = "try_files $uri $uri/ /nodes/unknown.ipxe;";
    };

  # With TLS, plain HTTP keeps what firmware without certificates needs, and what leads iPXE to HTTPS.
  redirect =
    server:
    health
    // {
      "/ipxe/".extraConfig = "";
      "= /start.ipxe".extraConfig = "";
      "/".extraConfig = "return 301 https://${
        if server.tls.name == null then "$host" else server.tls.name
      }${if server.tls.port == 443 then "" else ":${toString server.tls.port}"}$request_uri;";
    };

  virtualHost = server: {
    default = true;
    serverName = if server.tls == null || server.tls.name == null then "_" else server.tls.name;
    root = server.http.root;
    extraConfig = lines [
      "access_log /var/log/nginx/pxe.log pxe;"
      "default_type application/octet-stream;"
      "add_header Cache-Control $pxe_cache_control;"
      "sendfile on;"
      "tcp_nopush on;"
      "# For people who look what is there; ranges are nginx' own."
      "autoindex on;"
    ];
  };

  listenOn = port: more: [
    (
      {
        addr = "0.0.0.0";
        inherit port;
      }
      // more
    )
  ];

  virtualHosts =
    server:
    {
      pxe-boot-server = virtualHost server // {
        listen = listenOn server.http.port { };
        locations = (if server.tls == null then everything else redirect) server;
      };
    }
    // (
      if server.tls == null then
        { }
      else
        {
          pxe-boot-server-https = virtualHost server // {
            listen = listenOn server.tls.port { ssl = true; };
            # iPXE speaks TLS 1.2, which is among nginx' own and NixOS' protocols.
            onlySSL = true;
            sslCertificate = server.tls.certificate;
            sslCertificateKey = server.tls.key;
            locations = everything server;
          };
        }
    );

  # A virtual host as nginx.conf has it.
  linesOf =
    text: builtins.filter (line: builtins.isString line && line != "") (builtins.split "\n" text);
  listenLine =
    {
      port,
      ssl ? false,
      ...
    }:
    "listen ${toString port}${if ssl then " ssl" else ""} default_server;";
  rendered =
    host:
    block "server" (
      map listenLine host.listen
      ++ [
        "server_name ${host.serverName};"
        "root ${quoted host.root};"
      ]
      ++ (
        if host ? sslCertificate then
          [
            "ssl_certificate ${quoted host.sslCertificate};"
            "ssl_certificate_key ${quoted host.sslCertificateKey};"
            "ssl_protocols TLSv1.2 TLSv1.3;"
          ]
        else
          [ ]
      )
      ++ linesOf host.extraConfig
      ++ builtins.concatMap (
        path: block "location ${path}" (linesOf host.locations.${path}.extraConfig)
      ) (builtins.attrNames host.locations)
    );
in
{
  inherit commonHttpConfig virtualHosts;

  configuration = server: ''
    worker_processes auto;
    error_log stderr;
    pid /run/nginx.pid;
    events {
      worker_connections 1024;
    }
    http {
    ${commonHttpConfig}
    ${lines (builtins.concatMap rendered (builtins.attrValues (virtualHosts server)))}
    }
  '';
}
