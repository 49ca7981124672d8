s/resourceVersion: .*/resourceVersion: "1"/
