// The signer of a request by the old version of the API, which may leave it out: it follows from the subject, the other
// names and the usages. The requests are real ones, of one EC key.
import { describe, expect, it } from 'vitest';
import { requestedNames } from '../../../../src/api/certificate-request.ts';
import csr from '../../../../src/api/kinds/certificates/certificatesigningrequest.ts';
import { decode } from '../lifecycle.ts';

const pem = (body: string): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`;
const node = pem(
  'MIHpMIGRAgEAMC8xFTATBgNVBAoMDHN5c3RlbTpub2RlczEWMBQGA1UEAwwNc3lzdGVtOm5vZGU6YTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFmI91IgixejNKt0Qii8JL2q5xZA4E535DSYcXicY3UtPd/MBSrEHLYOT8+9PX0UMnEL7GB2EkwCkUIz5MS5SoWgADAKBggqhkjOPQQDAgNHADBEAiAEYvDWz6N0dlUCG+QBuAslm/G39v9i7ir1wdS7RNZQMgIgP4ot+7jr+gzT5/8OJbxBaBBw1RbJbxtRlD36R7UXqQI=',
);
const serving = pem(
  'MIIBDjCBtgIBADAvMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFjAUBgNVBAMMDXN5c3RlbTpub2RlOmEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARZiPdSIIsXozSrdEIovCS9qucWQOBOd+Q0mHF4nGN1LT3fzAUqxBy2Dk/PvT19FDJxC+xgdhJMApFCM+TEuUqFoCUwIwYJKoZIhvcNAQkOMRYwFDASBgNVHREECzAJggFhhwQKAAABMAoGCCqGSM49BAMCA0cAMEQCIEirVuZ48VxHuUM12l0eK8NJqBKa/qX38yDV3fZZ46WFAiBGRxO+ncVN8NXTBRiWSo1FYG/7G+DrlZeLIYcuwE+34Q==',
);
const mail = pem(
  'MIIBEDCBtwIBADAvMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFjAUBgNVBAMMDXN5c3RlbTpub2RlOmEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARZiPdSIIsXozSrdEIovCS9qucWQOBOd+Q0mHF4nGN1LT3fzAUqxBy2Dk/PvT19FDJxC+xgdhJMApFCM+TEuUqFoCYwJAYJKoZIhvcNAQkOMRcwFTATBgNVHREEDDAKggFhgQV4QHkuejAKBggqhkjOPQQDAgNIADBFAiAmtaTkBOxeN4UVPKX9vHrusDaDkOOZFI1+2nCv/D9lfAIhAO2zQUeDjQv0umFndIjbR716eEOOcpppjWosMfXIIIgp',
);
const jane = pem(
  'MIHXMH8CAQAwHTEMMAoGA1UECgwDZGV2MQ0wCwYDVQQDDARqYW5lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWYj3UiCLF6M0q3RCKLwkvarnFkDgTnfkNJhxeJxjdS0938wFKsQctg5Pz709fRQycQvsYHYSTAKRQjPkxLlKhaAAMAoGCCqGSM49BAMCA0gAMEUCIQCxoI/9DByS6Po30u04mrAValN1r052mSWLB5lexfSlbgIgSFl+1yhe3NTjbrgiz/m8K5p1jkr1LiNfLek+eVu7TEs=',
);

const CLIENT = ['client auth', 'digital signature', 'key encipherment'];
const SERVER = ['server auth', 'digital signature'];
const spec = (request: string, usages?: string[]): { signerName?: string; usages?: string[] } =>
  decode(
    csr,
    { spec: { request: Buffer.from(request).toString('base64'), ...(usages ? { usages } : {}) } },
    'certificates.k8s.io',
    'v1beta1',
  )['spec'] as object;

describe('the names in a request', () => {
  it('are those of its subject and the kinds of the others', () => {
    expect(requestedNames(node)).toEqual({
      commonName: 'system:node:a',
      organizations: ['system:nodes'],
      altNames: [],
    });
    expect(requestedNames(serving)?.altNames).toEqual([2, 7]);
    expect(requestedNames(mail)?.altNames).toEqual([2, 1]);
    expect(requestedNames(jane)).toEqual({ commonName: 'jane', organizations: ['dev'], altNames: [] });
  });

  it.each(['', 'x', pem(''), pem('AAAA'), pem('MIIB'), pem('MIQ/////')])(
    'are none in what is no request: %j',
    (text) => {
      expect(requestedNames(text)).toBeUndefined();
    },
  );
});

describe('certificates.k8s.io/v1beta1', () => {
  it.each([
    ['a kubelet’s', node, CLIENT, 'kubernetes.io/kube-apiserver-client-kubelet'],
    ['a kubelet’s for serving', serving, SERVER, 'kubernetes.io/kubelet-serving'],
    ['a kubelet’s for both', node, [...CLIENT, 'server auth'], 'kubernetes.io/legacy-unknown'],
    ['a client’s with other names', serving, CLIENT, 'kubernetes.io/legacy-unknown'],
    ['one with a mail address', mail, SERVER, 'kubernetes.io/legacy-unknown'],
    ['a person’s', jane, CLIENT, 'kubernetes.io/legacy-unknown'],
    ['no request', 'x', CLIENT, 'kubernetes.io/legacy-unknown'],
  ])('names the signer of %s', (_, request, usages, signer) => {
    expect(spec(request, usages).signerName).toBe(signer);
  });

  it('has usages and the status of conditions by default', () => {
    expect(spec(jane).usages).toEqual(['digital signature', 'key encipherment']);
    const conditions = [{ type: 'Approved' }, { type: 'A', status: 'False' }];
    const { status } = decode(csr, { spec: {}, status: { conditions } }, 'certificates.k8s.io', 'v1beta1');
    expect(status).toEqual({
      conditions: [
        { type: 'Approved', status: 'True' },
        { type: 'A', status: 'False' },
      ],
    });
  });
});
