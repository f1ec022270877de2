//! TLS to PostgreSQL.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::harness::{Engine, PostgresServer, ServerConfig};

/// A CA and a certificate that it issued for this name.
fn certificate(name: &str) -> (String, String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_used_if_offered_and_verified_if_configured() {
    let (authority, certificate_pem, key) = certificate("localhost");
    let (stranger, ..) = certificate("localhost");
    let cluster = PostgresServer::start(&[("server.crt", &certificate_pem), ("server.key", &key)]);
    for (mode, host, authority, works) in [
        ("sslmode=require", "127.0.0.1", None, true),
        ("ssl=require", "127.0.0.1", None, true),
        ("ssl=true", "127.0.0.1", None, true),
        ("sslmode=verify-full", "localhost", Some(&authority), true),
        ("ssl=verify-full", "localhost", Some(&authority), true),
        ("sslmode=verify-full", "127.0.0.1", Some(&authority), false),
        ("sslmode=verify-full", "localhost", Some(&stranger), false),
        ("sslmode=verify-ca", "127.0.0.1", Some(&stranger), false),
        ("sslmode=verify-full", "localhost", None, false),
    ] {
        let database = cluster.database().await.replace("127.0.0.1", host);
        let mut url = format!("{database}?{mode}");
        let config = ServerConfig::with_database(Engine::Sqlite).await;
        if let Some(authority) = authority {
            let file = config.directory.path().join("ca.pem");
            std::fs::write(&file, authority).unwrap();
            url = format!("{url}&sslrootcert={}", file.display());
        }
        let server = config
            .with("DATABASE_URL", &url)
            .with("ROCKET_DATABASES", "{todo={connect_timeout=1}}")
            .start()
            .await;
        let status = server.client_for("me").get("/api/tasks").await.status;
        assert_eq!(status, if works { 200 } else { 503 }, "{mode} to {host}: {:?}", server.logs());
    }
}
