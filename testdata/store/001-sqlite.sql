PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_us INTEGER NOT NULL) STRICT;
INSERT INTO migrations VALUES(1,'001_start.sql','efea857ba9fa21e7c6950db04237763c283737034ec4d6f10c122541a20b044f',1795383740102915);
CREATE TABLE payments (
  seq INTEGER PRIMARY KEY,
  txn_id TEXT NOT NULL UNIQUE,
  time_us INTEGER NOT NULL,
  user_id TEXT, card_id TEXT, merchant_id TEXT, device_id TEXT, ip TEXT,
  country TEXT, location TEXT, category TEXT, channel TEXT, currency TEXT,
  amount INTEGER NOT NULL,
  score REAL, level INTEGER NOT NULL, action INTEGER NOT NULL,
  label INTEGER, alert_id TEXT, rules TEXT,
  latency_us INTEGER,
  record TEXT NOT NULL
) STRICT;
INSERT INTO payments VALUES(1,'ee478f-00000000',1767225645195000,'U001327','CARD-0367d70f','M001400','D9b739ea2','10.233.46.231','CA','Vancouver, CA','retail','online','EUR',3212600,0.0,0,0,1,NULL,NULL,NULL,'{"txn_id":"ee478f-00000000","timestamp":"2026-01-01T00:00:45.195Z","user_id":"U001327","amount":321.26,"currency":"EUR","card_id":"CARD-0367d70f","merchant_id":"M001400","device_id":"D9b739ea2","ip":"10.233.46.231","email":"u001327@mail.example","category":"retail","mcc":"5311","country":"CA","lat":49.2626,"lon":-123.1311,"location":"Vancouver, CA","channel":"online","label":1,"scenario":"shared_device_ring","features":{"set":"8aa777b8","amount":321.26,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"retail","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":321.26,"user_sum_10m":321.26,"user_sum_1h":321.26,"user_sum_24h":321.26,"user_sum_7d":321.26,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(2,'ee478f-00000001',1767225646928000,'U003085','CARD-80b64d60','M000517','Dc01cfabe','10.176.152.17','US','Chicago, IL','grocery','online','USD',323600,0.0,0,0,0,NULL,NULL,NULL,'{"txn_id":"ee478f-00000001","timestamp":"2026-01-01T00:00:46.928Z","user_id":"U003085","amount":32.36,"currency":"USD","card_id":"CARD-80b64d60","merchant_id":"M000517","device_id":"Dc01cfabe","ip":"10.176.152.17","email":"u003085@letter.example","category":"grocery","mcc":"5411","country":"US","lat":41.8809,"lon":-87.6677,"location":"Chicago, IL","channel":"online","label":0,"features":{"set":"8aa777b8","amount":32.36,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"grocery","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":32.36,"user_sum_10m":32.36,"user_sum_1h":32.36,"user_sum_24h":32.36,"user_sum_7d":32.36,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(3,'ee478f-00000002',1767225654784000,'U002879','CARD-d14b425b','M000417','D4b0c555b','10.49.98.63','US','Chicago, IL','online','online','USD',839900,0.0,0,0,0,NULL,NULL,NULL,'{"txn_id":"ee478f-00000002","timestamp":"2026-01-01T00:00:54.784Z","user_id":"U002879","amount":83.99,"currency":"USD","card_id":"CARD-d14b425b","merchant_id":"M000417","device_id":"D4b0c555b","ip":"10.49.98.63","email":"u002879@inbox.example","category":"online","mcc":"5964","country":"US","lat":41.8717,"lon":-87.6711,"location":"Chicago, IL","channel":"online","label":0,"features":{"set":"8aa777b8","amount":83.99,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"online","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":83.99,"user_sum_10m":83.99,"user_sum_1h":83.99,"user_sum_24h":83.99,"user_sum_7d":83.99,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(4,'ee478f-00000003',1767225669275000,'U002206','CARD-37551e98','M001033','Da2052b7e','10.160.211.210','US','Chicago, IL','utilities','online','USD',1470000,0.0,0,0,1,NULL,NULL,NULL,'{"txn_id":"ee478f-00000003","timestamp":"2026-01-01T00:01:09.275Z","user_id":"U002206","amount":147,"currency":"USD","card_id":"CARD-37551e98","merchant_id":"M001033","device_id":"Da2052b7e","ip":"10.160.211.210","email":"u002206@inbox.example","category":"utilities","mcc":"4900","country":"US","lat":41.8717,"lon":-87.6196,"location":"Chicago, IL","channel":"online","label":1,"scenario":"compromised_merchant","features":{"set":"8aa777b8","amount":147,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"utilities","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":147,"user_sum_10m":147,"user_sum_1h":147,"user_sum_24h":147,"user_sum_7d":147,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(5,'ee478f-00000004',1767225674943000,'U003309','CARD-870562d0','M000246','D9b739ea2','10.233.46.231','CA','Vancouver, CA','travel','online','GBP',8326700,0.0,0,0,1,NULL,NULL,NULL,'{"txn_id":"ee478f-00000004","timestamp":"2026-01-01T00:01:14.943Z","user_id":"U003309","amount":832.67,"currency":"GBP","card_id":"CARD-870562d0","merchant_id":"M000246","device_id":"D9b739ea2","ip":"10.233.46.231","email":"u003309@web.example","category":"travel","mcc":"4722","country":"CA","lat":49.2626,"lon":-123.1311,"location":"Vancouver, CA","channel":"online","label":1,"scenario":"shared_device_ring","features":{"set":"8aa777b8","amount":832.67,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"travel","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":832.67,"user_sum_10m":832.67,"user_sum_1h":832.67,"user_sum_24h":832.67,"user_sum_7d":832.67,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":2,"device_users_24h":2,"device_users_7d":2,"device_risk_30d":null,"ip_count_1h":2,"ip_users_24h":2,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(6,'ee478f-00000005',1767225675052000,'U002325','CARD-38404c94','M000168','De17a700d','10.239.72.71','US','New York, NY','online','online','USD',284500,0.0,0,0,0,NULL,NULL,NULL,'{"txn_id":"ee478f-00000005","timestamp":"2026-01-01T00:01:15.052Z","user_id":"U002325","amount":28.45,"currency":"USD","card_id":"CARD-38404c94","merchant_id":"M000168","device_id":"De17a700d","ip":"10.239.72.71","email":"u002325@web.example","category":"online","mcc":"5964","country":"US","lat":40.773,"lon":-74.0125,"location":"New York, NY","channel":"online","label":0,"features":{"set":"8aa777b8","amount":28.45,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"online","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":28.45,"user_sum_10m":28.45,"user_sum_1h":28.45,"user_sum_24h":28.45,"user_sum_7d":28.45,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(7,'ee478f-00000030',1767225940232000,'U003067','CARD-0e939e66','M000799','D3e090e87','10.49.148.18','ES','Barcelona, ES','online','online','USD',1080500,0.0,0,0,1,NULL,NULL,NULL,'{"txn_id":"ee478f-00000030","timestamp":"2026-01-01T00:05:40.232Z","user_id":"U003067","amount":108.05,"currency":"USD","card_id":"CARD-0e939e66","merchant_id":"M000799","device_id":"D3e090e87","ip":"10.49.148.18","email":"u003067@post.example","category":"online","mcc":"5964","country":"ES","lat":41.3947,"lon":2.16,"location":"Barcelona, ES","channel":"online","label":1,"scenario":"account_takeover","features":{"set":"8aa777b8","amount":108.05,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"online","user_count_1m":1,"user_count_2m":1,"user_count_10m":1,"user_count_1h":1,"user_count_24h":1,"user_count_7d":1,"user_count_30d":1,"user_sum_1m":108.05,"user_sum_10m":108.05,"user_sum_1h":108.05,"user_sum_24h":108.05,"user_sum_7d":108.05,"user_gap":null,"user_tiny_10m":0,"user_ratio_24h":null,"user_ratio_7d":null,"user_ratio_30d":null,"user_z_7d":null,"user_z_30d":null,"user_max_30d":null,"amount_over_max_30d":null,"user_pace_24h":30,"user_new_device":1,"user_new_merchant":1,"user_new_country":1,"user_new_location":1,"user_merchants_1h":1,"user_locations_15m":1,"user_speed_kmh":null,"user_distance_km":null,"card_count_1m":1,"card_count_24h":1,"card_gap":null,"device_count_1h":1,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":1,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"allow","level":"NONE","score":0,"rules":[],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}}}');
INSERT INTO payments VALUES(8,'ee478f-00000043',1767226024871000,'U003067','CARD-0e939e66','M000498','D3e090e87','10.49.148.18','ES','Barcelona, ES','travel','online','USD',38219200,0.69999999999999995559,3,2,1,'4d2dc3c1ba70d274','["amount_spike"]',NULL,'{"txn_id":"ee478f-00000043","timestamp":"2026-01-01T00:07:04.871Z","user_id":"U003067","amount":3821.92,"currency":"USD","card_id":"CARD-0e939e66","merchant_id":"M000498","device_id":"D3e090e87","ip":"10.49.148.18","email":"u003067@post.example","category":"travel","mcc":"4722","country":"ES","lat":41.3947,"lon":2.16,"location":"Barcelona, ES","channel":"online","label":1,"scenario":"account_takeover","features":{"set":"8aa777b8","amount":3821.92,"hour":0,"weekday":3,"weekend":0,"night":1,"channel":"online","category":"travel","user_count_1m":1,"user_count_2m":2,"user_count_10m":2,"user_count_1h":2,"user_count_24h":2,"user_count_7d":2,"user_count_30d":2,"user_sum_1m":3821.92,"user_sum_10m":3929.97,"user_sum_1h":3929.97,"user_sum_24h":3929.97,"user_sum_7d":3929.97,"user_gap":84.639,"user_tiny_10m":0,"user_ratio_24h":35.371772,"user_ratio_7d":35.371772,"user_ratio_30d":35.371772,"user_z_7d":null,"user_z_30d":null,"user_max_30d":108.05,"amount_over_max_30d":35.371772,"user_pace_24h":30,"user_new_device":0,"user_new_merchant":1,"user_new_country":0,"user_new_location":0,"user_merchants_1h":2,"user_locations_15m":1,"user_speed_kmh":0,"user_distance_km":0,"card_count_1m":1,"card_count_24h":2,"card_gap":84.639,"device_count_1h":2,"device_users_24h":1,"device_users_7d":1,"device_risk_30d":null,"ip_count_1h":2,"ip_users_24h":1,"merchant_count_1h":1,"merchant_count_24h":1,"merchant_ratio_30d":null,"merchant_risk_1d":null,"merchant_risk_7d":null,"merchant_risk_30d":null},"decision":{"action":"review","level":"HIGH","score":0.7,"rules":[{"id":"amount_spike","score":0.7,"action":"review","reason":"3821.92 is 35.4 times the usual amount","severity":"medium","tags":["amount"]}],"by":{"features":"8aa777b8","model":null,"rules":"83953146"}},"alert":{"id":"4d2dc3c1ba70d274","key":"txn_id:ee478f-00000043","count":1,"first":"2026-01-01T00:07:04.871Z","last":"2026-01-01T00:07:04.871Z"}}');
CREATE TABLE buckets (
  dim TEXT NOT NULL, start_us INTEGER NOT NULL, key TEXT NOT NULL,
  payments INTEGER NOT NULL DEFAULT 0, amount INTEGER NOT NULL DEFAULT 0,
  alerts INTEGER NOT NULL DEFAULT 0, blocked INTEGER NOT NULL DEFAULT 0,
  fraud INTEGER NOT NULL DEFAULT 0, genuine INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dim, start_us, key)
) STRICT, WITHOUT ROWID;
INSERT INTO buckets VALUES('action',1767225600000000,'allow',7,15537800,0,0,4,3);
INSERT INTO buckets VALUES('action',1767225600000000,'review',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('all',1767225600000000,'',8,53757000,1,0,5,3);
INSERT INTO buckets VALUES('category',1767225600000000,'grocery',1,323600,0,0,0,1);
INSERT INTO buckets VALUES('category',1767225600000000,'online',3,2204900,0,0,1,2);
INSERT INTO buckets VALUES('category',1767225600000000,'retail',1,3212600,0,0,1,0);
INSERT INTO buckets VALUES('category',1767225600000000,'travel',2,46545900,1,0,2,0);
INSERT INTO buckets VALUES('category',1767225600000000,'utilities',1,1470000,0,0,1,0);
INSERT INTO buckets VALUES('category/day',1767225600000000,'grocery',1,323600,0,0,0,1);
INSERT INTO buckets VALUES('category/day',1767225600000000,'online',3,2204900,0,0,1,2);
INSERT INTO buckets VALUES('category/day',1767225600000000,'retail',1,3212600,0,0,1,0);
INSERT INTO buckets VALUES('category/day',1767225600000000,'travel',2,46545900,1,0,2,0);
INSERT INTO buckets VALUES('category/day',1767225600000000,'utilities',1,1470000,0,0,1,0);
INSERT INTO buckets VALUES('channel',1767225600000000,'online',8,53757000,1,0,5,3);
INSERT INTO buckets VALUES('channel/day',1767225600000000,'online',8,53757000,1,0,5,3);
INSERT INTO buckets VALUES('country',1767225600000000,'CA',2,11539300,0,0,2,0);
INSERT INTO buckets VALUES('country',1767225600000000,'ES',2,39299700,1,0,2,0);
INSERT INTO buckets VALUES('country',1767225600000000,'US',4,2918000,0,0,1,3);
INSERT INTO buckets VALUES('country/day',1767225600000000,'CA',2,11539300,0,0,2,0);
INSERT INTO buckets VALUES('country/day',1767225600000000,'ES',2,39299700,1,0,2,0);
INSERT INTO buckets VALUES('country/day',1767225600000000,'US',4,2918000,0,0,1,3);
INSERT INTO buckets VALUES('currency',1767225600000000,'EUR',1,3212600,0,0,1,0);
INSERT INTO buckets VALUES('currency',1767225600000000,'GBP',1,8326700,0,0,1,0);
INSERT INTO buckets VALUES('currency',1767225600000000,'USD',6,42217700,1,0,3,3);
INSERT INTO buckets VALUES('currency/day',1767225600000000,'EUR',1,3212600,0,0,1,0);
INSERT INTO buckets VALUES('currency/day',1767225600000000,'GBP',1,8326700,0,0,1,0);
INSERT INTO buckets VALUES('currency/day',1767225600000000,'USD',6,42217700,1,0,3,3);
INSERT INTO buckets VALUES('level',1767225600000000,'HIGH',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('level',1767225600000000,'NONE',7,15537800,0,0,4,3);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000168',1,284500,0,0,0,1);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000246',1,8326700,0,0,1,0);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000417',1,839900,0,0,0,1);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000498',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000517',1,323600,0,0,0,1);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M000799',1,1080500,0,0,1,0);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M001033',1,1470000,0,0,1,0);
INSERT INTO buckets VALUES('merchant/day',1767225600000000,'M001400',1,3212600,0,0,1,0);
INSERT INTO buckets VALUES('minute',1767225600000000,'',3,4376100,0,0,0,0);
INSERT INTO buckets VALUES('minute',1767225660000000,'',3,10081200,0,0,0,0);
INSERT INTO buckets VALUES('minute',1767225900000000,'',1,1080500,0,0,0,0);
INSERT INTO buckets VALUES('minute',1767226020000000,'',1,38219200,1,0,0,0);
INSERT INTO buckets VALUES('rule',1767225600000000,'amount_spike',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('rule/day',1767225600000000,'amount_spike',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('score',1767225600000000,'00',7,15537800,0,0,4,3);
INSERT INTO buckets VALUES('score',1767225600000000,'14',1,38219200,1,0,1,0);
INSERT INTO buckets VALUES('score/day',1767225600000000,'00',7,15537800,0,0,4,3);
INSERT INTO buckets VALUES('score/day',1767225600000000,'14',1,38219200,1,0,1,0);
CREATE TABLE counted (seq INTEGER NOT NULL) STRICT;
INSERT INTO counted VALUES(8);
CREATE TABLE customers (
  user_id TEXT NOT NULL PRIMARY KEY,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  payments INTEGER NOT NULL DEFAULT 0, amount INTEGER NOT NULL DEFAULT 0,
  alerts INTEGER NOT NULL DEFAULT 0, blocked INTEGER NOT NULL DEFAULT 0, fraud INTEGER NOT NULL DEFAULT 0,
  max_score REAL NOT NULL DEFAULT 0,
  heat REAL,
  note TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO customers VALUES('U001327',1767225645195000,1767225645195000,1,3212600,0,0,1,0.0,NULL,NULL);
INSERT INTO customers VALUES('U002206',1767225669275000,1767225669275000,1,1470000,0,0,1,0.0,NULL,NULL);
INSERT INTO customers VALUES('U002325',1767225675052000,1767225675052000,1,284500,0,0,0,0.0,NULL,NULL);
INSERT INTO customers VALUES('U002879',1767225654784000,1767225654784000,1,839900,0,0,0,0.0,NULL,NULL);
INSERT INTO customers VALUES('U003067',1767225940232000,1767226024871000,2,39299700,1,0,2,0.69999999999999995559,2921.4861289999998917,NULL);
INSERT INTO customers VALUES('U003085',1767225646928000,1767225646928000,1,323600,0,0,0,0.0,NULL,NULL);
INSERT INTO customers VALUES('U003309',1767225674943000,1767225674943000,1,8326700,0,0,1,0.0,NULL,NULL);
CREATE TABLE links (
  user_id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
  PRIMARY KEY (user_id, kind, value)
) STRICT, WITHOUT ROWID;
INSERT INTO links VALUES('U001327','card','CARD-0367d70f',1767225645195000,1767225645195000);
INSERT INTO links VALUES('U001327','device','D9b739ea2',1767225645195000,1767225645195000);
INSERT INTO links VALUES('U001327','ip','10.233.46.231',1767225645195000,1767225645195000);
INSERT INTO links VALUES('U002206','card','CARD-37551e98',1767225669275000,1767225669275000);
INSERT INTO links VALUES('U002206','device','Da2052b7e',1767225669275000,1767225669275000);
INSERT INTO links VALUES('U002206','ip','10.160.211.210',1767225669275000,1767225669275000);
INSERT INTO links VALUES('U002325','card','CARD-38404c94',1767225675052000,1767225675052000);
INSERT INTO links VALUES('U002325','device','De17a700d',1767225675052000,1767225675052000);
INSERT INTO links VALUES('U002325','ip','10.239.72.71',1767225675052000,1767225675052000);
INSERT INTO links VALUES('U002879','card','CARD-d14b425b',1767225654784000,1767225654784000);
INSERT INTO links VALUES('U002879','device','D4b0c555b',1767225654784000,1767225654784000);
INSERT INTO links VALUES('U002879','ip','10.49.98.63',1767225654784000,1767225654784000);
INSERT INTO links VALUES('U003067','card','CARD-0e939e66',1767225940232000,1767225940232000);
INSERT INTO links VALUES('U003067','device','D3e090e87',1767225940232000,1767225940232000);
INSERT INTO links VALUES('U003067','ip','10.49.148.18',1767225940232000,1767225940232000);
INSERT INTO links VALUES('U003085','card','CARD-80b64d60',1767225646928000,1767225646928000);
INSERT INTO links VALUES('U003085','device','Dc01cfabe',1767225646928000,1767225646928000);
INSERT INTO links VALUES('U003085','ip','10.176.152.17',1767225646928000,1767225646928000);
INSERT INTO links VALUES('U003309','card','CARD-870562d0',1767225674943000,1767225674943000);
INSERT INTO links VALUES('U003309','device','D9b739ea2',1767225674943000,1767225674943000);
INSERT INTO links VALUES('U003309','ip','10.233.46.231',1767225674943000,1767225674943000);
CREATE TABLE labels (
  id INTEGER PRIMARY KEY,
  txn_id TEXT NOT NULL, label INTEGER NOT NULL,
  source TEXT NOT NULL, actor TEXT, note TEXT, time_us INTEGER NOT NULL, waiting INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE cases (
  id INTEGER PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
  entity TEXT, user_id TEXT, card_id TEXT,
  status TEXT NOT NULL, priority TEXT NOT NULL, category TEXT NOT NULL,
  assigned_to INTEGER, assigned_us INTEGER, escalated_to INTEGER, escalated_us INTEGER,
  resolution TEXT, resolution_notes TEXT, resolved_by INTEGER, resolved_us INTEGER,
  amount INTEGER NOT NULL DEFAULT 0, loss INTEGER NOT NULL DEFAULT 0, recovered INTEGER NOT NULL DEFAULT 0,
  currency TEXT,
  created_by TEXT NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  -- The time a case may take, and when it is over; due_us - span_us is its beginning, moved by its pauses.
  span_us INTEGER NOT NULL, due_us INTEGER NOT NULL, paused_us INTEGER, breached INTEGER NOT NULL DEFAULT 0,
  alerts INTEGER NOT NULL DEFAULT 0, last_alert_us INTEGER,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO cases VALUES(1,'CASE-20261122-00001','Suspicious activity, user U003067','','user_id:U003067','U003067','CARD-0e939e66','open','high','suspicious_activity',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,38219200,38219200,0,'USD','system',1795383740104420,1795383740104420,28800000000,1795412540104420,NULL,0,1,1767226024871000,1);
INSERT INTO cases VALUES(2,'CASE-20261122-00002','A case of its own','',NULL,NULL,NULL,'open','medium','other',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,0,0,NULL,'ss-ctl:root',1795383740203409,1795383740203409,86400000000,1795470140203409,NULL,0,0,NULL,2);
CREATE TABLE alerts (
  id TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  txn_id TEXT NOT NULL, time_us INTEGER NOT NULL, last_us INTEGER NOT NULL, created_us INTEGER NOT NULL,
  group_key TEXT, user_id TEXT, card_id TEXT, merchant_id TEXT, category TEXT,
  amount INTEGER NOT NULL, currency TEXT,
  score REAL, level INTEGER NOT NULL, action INTEGER NOT NULL,
  reason TEXT, rules TEXT, count INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL DEFAULT 'new',
  case_id INTEGER, assigned_to INTEGER, reviewed_by INTEGER, reviewed_us INTEGER, note TEXT, snoozed_us INTEGER,
  version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO alerts VALUES('4d2dc3c1ba70d274',8,'ee478f-00000043',1767226024871000,1767226024871000,1795383740104420,'txn_id:ee478f-00000043','U003067','CARD-0e939e66','M000498','travel',38219200,'USD',0.69999999999999995559,3,2,'3821.92 is 35.4 times the usual amount','["amount_spike"]',1,'new',1,NULL,NULL,NULL,NULL,NULL,2);
CREATE TABLE case_payments (
  case_id INTEGER NOT NULL, txn_id TEXT NOT NULL, added_us INTEGER NOT NULL,
  PRIMARY KEY (case_id, txn_id)
) STRICT;
INSERT INTO case_payments VALUES(1,'ee478f-00000043',1795383740104420);
CREATE TABLE case_activities (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL, time_us INTEGER NOT NULL, actor TEXT NOT NULL,
  action TEXT NOT NULL, old_value TEXT, new_value TEXT, detail TEXT
) STRICT;
INSERT INTO case_activities VALUES(1,1,1795383740104420,'system','created',NULL,'CASE-20261122-00001','4d2dc3c1ba70d274');
INSERT INTO case_activities VALUES(2,2,1795383740203409,'ss-ctl:root','created',NULL,'CASE-20261122-00002',NULL);
CREATE TABLE comments (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL, time_us INTEGER NOT NULL, actor TEXT NOT NULL, user_id INTEGER,
  content TEXT NOT NULL, internal INTEGER NOT NULL DEFAULT 1, edited_us INTEGER
) STRICT;
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  case_id INTEGER NOT NULL, time_us INTEGER NOT NULL, actor TEXT NOT NULL,
  name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
  content BLOB NOT NULL
) STRICT;
CREATE TABLE lists (
  name TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, description TEXT NOT NULL DEFAULT '',
  version INTEGER NOT NULL DEFAULT 1, entries INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE list_entries (
  list TEXT NOT NULL, value TEXT NOT NULL, reason TEXT,
  from_us INTEGER, until_us INTEGER, actor TEXT NOT NULL, created_us INTEGER NOT NULL,
  PRIMARY KEY (list, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_sets (
  version INTEGER PRIMARY KEY,
  text TEXT NOT NULL, hash TEXT NOT NULL, status TEXT NOT NULL, comment TEXT NOT NULL,
  based_on INTEGER, author TEXT NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  revision INTEGER NOT NULL DEFAULT 1,
  approver TEXT, approved_us INTEGER, published_by TEXT, published_us INTEGER
) STRICT;
CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL, status TEXT NOT NULL, progress REAL NOT NULL DEFAULT 0,
  params TEXT NOT NULL, result TEXT, error TEXT,
  actor TEXT NOT NULL, created_us INTEGER NOT NULL, started_us INTEGER, finished_us INTEGER,
  runs INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, department TEXT,
  password TEXT, password_us INTEGER, must_change INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 1, oidc_subject TEXT UNIQUE,
  failures INTEGER NOT NULL DEFAULT 0, locked_until_us INTEGER,
  created_us INTEGER NOT NULL, last_login_us INTEGER, version INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO users VALUES(1,'ann@example.com','ann@example.com','admin',NULL,'$argon2id$v=19$m=32768,t=3,p=1$duSCBzgokczZIYbOwLTyAw$/qXCjHL5KupJdGUghnz7j8aliGDUb+GdW1Cr4xRDlxw',1795383740121613,1,1,NULL,0,NULL,1795383740121613,NULL,1);
CREATE TABLE sessions (
  id TEXT NOT NULL PRIMARY KEY,
  user_id INTEGER NOT NULL, seed TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL, used_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, revoked_us INTEGER,
  agent TEXT, address TEXT
) STRICT;
CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL, secret_hash TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL,
  created_by TEXT NOT NULL, created_us INTEGER NOT NULL, expires_us INTEGER, used_us INTEGER, revoked_us INTEGER
) STRICT;
CREATE TABLE tickets (
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL, role TEXT, email TEXT,
  created_by TEXT NOT NULL, created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, used_us INTEGER
) STRICT;
CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL,
  updated_us INTEGER NOT NULL, actor TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE preferences (
  user_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_us INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) STRICT;
CREATE TABLE notices (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL, link TEXT,
  created_us INTEGER NOT NULL, read_us INTEGER
) STRICT;
CREATE TABLE answers (
  key TEXT NOT NULL PRIMARY KEY,
  request_hash TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created_us INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
  seq INTEGER NOT NULL PRIMARY KEY,
  time_us INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  old_value TEXT, new_value TEXT, address TEXT,
  previous TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
INSERT INTO audit VALUES(1,1795383740104420,'system','case.create','case:1',NULL,NULL,NULL,'0000000000000000000000000000000000000000000000000000000000000000','1230118001f7f9a43046154fd76e0b7a050422e33ea747591969188830a17ed5');
INSERT INTO audit VALUES(2,1795383740121613,'ss-ctl:root','user.create','user:1',NULL,'{"email":"ann@example.com","name":"ann@example.com","role":"admin","department":null,"active":true}',NULL,'1230118001f7f9a43046154fd76e0b7a050422e33ea747591969188830a17ed5','621e4de51e5d135ba1c1490b90b80494514d5b4d8ee7e04d19e932a5c527b5f2');
INSERT INTO audit VALUES(3,1795383740203409,'ss-ctl:root','case.create','case:2',NULL,'{"title":"A case of its own"}',NULL,'621e4de51e5d135ba1c1490b90b80494514d5b4d8ee7e04d19e932a5c527b5f2','6410f21f68ff676929879be7320ff96130c1db5b1f42a2026b500b9623419919');
CREATE TABLE audit_head (
  one INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT;
INSERT INTO audit_head VALUES(1,3,'6410f21f68ff676929879be7320ff96130c1db5b1f42a2026b500b9623419919');
CREATE INDEX payments_user ON payments (user_id, time_us, seq);
CREATE INDEX payments_time ON payments (time_us, seq, level, action, label, amount, score, user_id, card_id,
  merchant_id, device_id, ip, country, category, channel, currency);
CREATE INDEX payments_risky ON payments (level, time_us, seq, card_id, user_id, amount, score) WHERE level >= 2;
CREATE INDEX payments_ruled ON payments (time_us, seq, rules) WHERE rules IS NOT NULL;
CREATE INDEX payments_alert ON payments (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX payments_fraud ON payments (time_us) WHERE label = 1;
CREATE INDEX customers_risky ON customers (heat, user_id) WHERE max_score >= 0.5;
CREATE INDEX links_value ON links (kind, value, user_id);
CREATE UNIQUE INDEX labels_txn ON labels (txn_id, time_us, source);
CREATE INDEX labels_waiting ON labels (txn_id) WHERE waiting = 1;
CREATE INDEX cases_status ON cases (status, due_us);
CREATE INDEX cases_entity ON cases (entity, status);
CREATE INDEX cases_user ON cases (user_id);
CREATE INDEX cases_assigned ON cases (assigned_to, status);
CREATE INDEX cases_due ON cases (due_us) WHERE breached = 0 AND paused_us IS NULL AND resolved_us IS NULL;
CREATE INDEX alerts_seq ON alerts (seq);
CREATE INDEX alerts_time ON alerts (time_us, seq);
CREATE INDEX alerts_status ON alerts (status, time_us, seq);
CREATE INDEX alerts_level ON alerts (status, level);
CREATE INDEX alerts_snoozed ON alerts (snoozed_us) WHERE snoozed_us IS NOT NULL;
CREATE INDEX alerts_case ON alerts (case_id);
CREATE INDEX alerts_user ON alerts (user_id, time_us, seq);
CREATE INDEX alerts_txn ON alerts (txn_id);
CREATE INDEX case_payments_txn ON case_payments (txn_id);
CREATE INDEX case_activities_case ON case_activities (case_id, id);
CREATE INDEX comments_case ON comments (case_id, id);
CREATE INDEX evidence_case ON evidence (case_id, id);
CREATE UNIQUE INDEX rule_sets_published ON rule_sets (status) WHERE status = 'published';
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX notices_user ON notices (user_id, read_us);
CREATE INDEX audit_subject ON audit (subject);
COMMIT;
