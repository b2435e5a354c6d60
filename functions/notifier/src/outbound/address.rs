//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What of IPv4 is not reached from everywhere, or by everybody at once: address and length of the prefix.
/// Source: IANA IPv4 Special-Purpose Address Registry.
const NOT_PUBLIC_V4: [([u8; 4], u32); 15] = [
    // This network: RFC 791.
    ([0, 0, 0, 0], 8),
    // Private: RFC 1918.
    ([10, 0, 0, 0], 8),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
    // Between a provider and its customers: RFC 6598.
    ([100, 64, 0, 0], 10),
    // Loopback: RFC 1122.
    ([127, 0, 0, 0], 8),
    // Link-local, and the clouds' metadata: RFC 3927.
    ([169, 254, 0, 0], 16),
    // Protocols of the IETF: RFC 6890.
    ([192, 0, 0, 0], 24),
    // Documentation: RFC 5737.
    ([192, 0, 2, 0], 24),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Relays of 6to4, which are no more: RFC 7526.
    ([192, 88, 99, 0], 24),
    // Benchmarks: RFC 2544.
    ([198, 18, 0, 0], 15),
    // Multicast: RFC 5771.
    ([224, 0, 0, 0], 4),
    // Reserved, and broadcast: RFC 1112, RFC 919.
    ([240, 0, 0, 0], 4),
];

/// The part of IPv6 that is given out for the internet (RFC 4291). All else is unspecified, loopback, mapped or
/// compatible IPv4, discard-only (RFC 6666), segment routing (RFC 9602), unique local (RFC 4193), link-local (RFC 4291),
/// site-local (RFC 3879), multicast, or reserved.
const GLOBAL_V6: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// What of it is not public after all. Source: IANA IPv6 Special-Purpose Address Registry.
const NOT_PUBLIC_V6: [([u16; 8], u32); 4] = [
    // Protocols of the IETF, Teredo among them: RFC 2928, RFC 4380.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    // Documentation: RFC 3849, RFC 9637.
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    // 6to4, which leads to an IPv4 address: RFC 7526.
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
];

/// How a network without IPv4 reaches an IPv4 address, the last 32 bits: RFC 6052.
const NAT64: ([u16; 8], u32) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Whether an address is one of the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(network, length): ([u8; 4], u32)| {
        (address.to_bits() ^ Ipv4Addr::from(network).to_bits()).leading_zeros() >= length
    };
    !NOT_PUBLIC_V4.into_iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // A mapped IPv4 address is connected to as that one.
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let within = |(network, length): ([u16; 8], u32)| {
        (address.to_bits() ^ Ipv6Addr::from(network).to_bits()).leading_zeros() >= length
    };
    if within(NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    within(GLOBAL_V6) && !NOT_PUBLIC_V6.into_iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all(addresses: &[&str], public: bool) {
        for address in addresses {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        all(
            &["1.1.1.1", "77.75.79.222", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"],
            true,
        );
        all(&["9.255.255.255", "11.0.0.0", "169.253.255.255", "169.255.0.0", "192.167.255.255"], true);
        all(&["126.255.255.255", "128.0.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"], true);
        all(&["2606:4700:4700::1111", "2a00:1450:4014:80c::200e", "2001:200::1", "2001:db9::1"], true);
        all(&["::ffff:1.1.1.1", "64:ff9b::1.1.1.1"], true);
    }

    #[test]
    fn loopback_private_and_link_local_addresses_are_not_public() {
        all(&["127.0.0.1", "127.255.255.255", "0.0.0.0", "0.1.2.3", "::1", "::"], false);
        all(&["10.0.0.1", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.1.1"], false);
        all(&["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fec0::1"], false);
        all(&["fc00::1", "fd00:ec2::254", "fdff::1"], false);
        all(&["100.64.0.0", "100.100.100.200", "100.127.255.255"], false);
    }

    #[test]
    fn addresses_for_many_for_examples_or_for_nobody_are_not_public() {
        all(&["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1"], false);
        all(&["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff:fff::1"], false);
        all(&["192.0.0.192", "192.88.99.1", "198.18.0.1", "198.19.255.255"], false);
        all(&["100::1", "5f00::1", "4000::1", "1fff::1", "64:ff9b:1::1.1.1.1"], false);
    }

    #[test]
    fn an_ipv4_address_in_an_ipv6_one_is_judged_as_itself_or_refused() {
        all(&["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"], false);
        all(&["64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1"], false);
        // Compatible addresses, 6to4 and Teredo.
        all(&["::127.0.0.1", "::1.1.1.1", "2002:7f00:1::1", "2002:101:101::1", "2001::7f00:1"], false);
    }
}
