// Certificates made on the fly, for tests of wss://: an authority that signs what it is told, as PEM files.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace tandem::testing {

struct CertificateSpec {
  std::string names = "IP:127.0.0.1,DNS:localhost";  // as openssl.cnf writes alternative names
  long begins = -3600, ends = 3600;                  // seconds from now
};

struct CertificateFiles {
  std::string cert, key;
};

// A P-256 key and a certificate of its own; its files are FOLDER/NAME.pem and FOLDER/NAME.key.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(std::string folder, std::string name = "authority")
      : folder_(std::move(folder)), name_(std::move(name)), key_(EVP_EC_gen("P-256")) {
    certificate_ = Make(name_, {.names = ""}, key_.get());
    Save(certificate_.get(), key_.get(), name_);
  }

  const std::string ca_file() const { return Files(name_).cert; }
  CertificateFiles Issue(const std::string& name, const CertificateSpec& spec = {}) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate made = Make(name, spec, key.get());
    Save(made.get(), key.get(), name);
    return Files(name);
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(FILE* file) const { fclose(file); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Certificate = std::unique_ptr<X509, Free>;

  CertificateFiles Files(const std::string& name) const {
    return {folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  }

  // Signed by this authority; by itself, while it has no certificate yet.
  Certificate Make(const std::string& name, const CertificateSpec& spec, EVP_PKEY* key) {
    Certificate made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), spec.begins);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), spec.ends);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const X509* issuer = certificate_ ? certificate_.get() : made.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    Extend(made.get(), NID_basic_constraints, certificate_ ? "CA:FALSE" : "critical,CA:TRUE");
    if (!spec.names.empty()) Extend(made.get(), NID_subject_alt_name, spec.names);
    EXPECT_GT(X509_sign(made.get(), key_.get(), EVP_sha256()), 0);
    return made;
  }

  static void Extend(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    EXPECT_TRUE(extension) << value;
    X509_add_ext(certificate, extension.get(), -1);
  }

  void Save(X509* certificate, EVP_PKEY* key, const std::string& name) const {
    const CertificateFiles files = Files(name);
    const std::unique_ptr<FILE, Free> cert_file(fopen(files.cert.c_str(), "w"));
    EXPECT_EQ(PEM_write_X509(cert_file.get(), certificate), 1);
    const std::unique_ptr<FILE, Free> key_file(fopen(files.key.c_str(), "w"));
    EXPECT_EQ(PEM_write_PrivateKey(key_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  }

  std::string folder_, name_;
  long serial_ = 0;
  Key key_;
  Certificate certificate_;
};

}  // namespace tandem::testing
