"""What `tunedial bench` times, each beside a rival and the physical limit; see docs/performance.md."""
