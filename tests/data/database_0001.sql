BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE hps_enqueued (
	pk INTEGER NOT NULL, 
	job_pk INTEGER NOT NULL, 
	params TEXT NOT NULL, 
	cohort INTEGER, 
	CONSTRAINT pk_hps_enqueued PRIMARY KEY (pk), 
	CONSTRAINT fk_hps_enqueued_job_pk FOREIGN KEY(job_pk) REFERENCES hps_jobs (pk)
);
INSERT INTO "hps_enqueued" VALUES(1,2,'{"learning_rate":2.0}',NULL);
CREATE TABLE hps_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_pk INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	payload TEXT NOT NULL, 
	CONSTRAINT fk_hps_events_job_pk FOREIGN KEY(job_pk) REFERENCES hps_jobs (pk)
);
INSERT INTO "hps_events" VALUES(1,1,'2026-11-26 07:48:05.005997','job_created','{"name":"ended"}');
INSERT INTO "hps_events" VALUES(2,1,'2026-11-26 07:48:05.016348','state_changed','{"state":"running","stop_reason":null}');
INSERT INTO "hps_events" VALUES(3,1,'2026-11-26 07:48:05.018733','round_opened','{"round":0,"reason":"the whole box","epochs":0.4}');
INSERT INTO "hps_events" VALUES(4,1,'2026-11-26 07:48:05.018843','trial_started','{"number":0,"round":0,"cohort":0,"params":{"learning_rate":0.1,"batch_size":30,"optimizer":"adam"}}');
INSERT INTO "hps_events" VALUES(5,1,'2026-11-26 07:48:05.018843','trial_started','{"number":1,"round":0,"cohort":0,"params":{"learning_rate":0.1,"batch_size":30,"optimizer":"adam"}}');
INSERT INTO "hps_events" VALUES(6,1,'2026-11-26 07:48:05.018843','trial_started','{"number":2,"round":0,"cohort":0,"params":{"learning_rate":0.1,"batch_size":30,"optimizer":"adam"}}');
INSERT INTO "hps_events" VALUES(7,1,'2026-11-26 07:48:05.028310','trial_reported','{"number":0,"step":20,"epoch":0.2,"value":0.3,"loss":0.25}');
INSERT INTO "hps_events" VALUES(8,1,'2026-11-26 07:48:05.028310','trial_reported','{"number":1,"step":20,"epoch":0.2,"value":null,"loss":null}');
INSERT INTO "hps_events" VALUES(9,1,'2026-11-26 07:48:05.028310','trial_reported','{"number":2,"step":20,"epoch":0.2,"value":0.7,"loss":"inf"}');
INSERT INTO "hps_events" VALUES(10,1,'2026-11-26 07:48:05.033818','trial_reported','{"number":2,"step":40,"epoch":0.4,"value":0.8,"loss":0.25}');
INSERT INTO "hps_events" VALUES(11,1,'2026-11-26 07:48:05.033818','trial_ended','{"number":0,"state":"pruned","outcome":"pruned","reason":"weaker than the median","value":null,"epochs":0.2}');
INSERT INTO "hps_events" VALUES(12,1,'2026-11-26 07:48:05.033818','trial_ended','{"number":1,"state":"pruned","outcome":"diverged","reason":"loss is not finite","value":null,"epochs":0.2}');
INSERT INTO "hps_events" VALUES(13,1,'2026-11-26 07:48:05.033818','trial_ended','{"number":2,"state":"complete","outcome":"completed","reason":"trained to the end","value":0.8,"epochs":0.4}');
INSERT INTO "hps_events" VALUES(14,1,'2026-11-26 07:48:05.042296','state_changed','{"state":"completed","stop_reason":"budget: trials"}');
INSERT INTO "hps_events" VALUES(15,2,'2026-11-26 07:48:05.046103','job_created','{"name":"running"}');
INSERT INTO "hps_events" VALUES(16,2,'2026-11-26 07:48:05.050948','state_changed','{"state":"running","stop_reason":null}');
INSERT INTO "hps_events" VALUES(17,2,'2026-11-26 07:48:05.052546','round_opened','{"round":0,"reason":"the whole box","epochs":0.4}');
INSERT INTO "hps_events" VALUES(18,2,'2026-11-26 07:48:05.057192','trial_started','{"number":0,"round":0,"cohort":0,"params":{"learning_rate":0.1,"batch_size":30,"optimizer":"adam"}}');
INSERT INTO "hps_events" VALUES(19,2,'2026-11-26 07:48:05.057192','trial_started','{"number":1,"round":0,"cohort":0,"params":{"learning_rate":0.1,"batch_size":30,"optimizer":"adam"}}');
INSERT INTO "hps_events" VALUES(20,2,'2026-11-26 07:48:05.060252','trial_reported','{"number":0,"step":40,"epoch":0.4,"value":0.75,"loss":0.25}');
INSERT INTO "hps_events" VALUES(21,2,'2026-11-26 07:48:05.060252','trial_ended','{"number":0,"state":"complete","outcome":"completed","reason":"trained to the end","value":0.75,"epochs":0.4}');
INSERT INTO "hps_events" VALUES(22,2,'2026-11-26 07:48:05.069818','trial_enqueued','{"params":{"learning_rate":2.0}}');
INSERT INTO "hps_events" VALUES(23,3,'2026-11-26 07:48:05.076846','job_created','{"name":"queued"}');
INSERT INTO "hps_events" VALUES(24,4,'2026-11-26 07:48:05.081650','job_created','{"name":"longest"}');
CREATE TABLE hps_idempotency_keys (
	key_sha256 VARCHAR(64) NOT NULL, 
	body_sha256 VARCHAR(64) NOT NULL, 
	job_id VARCHAR(16) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_hps_idempotency_keys PRIMARY KEY (key_sha256)
);
INSERT INTO "hps_idempotency_keys" VALUES('8fa3aab2faa9b79e0a0398da5b5abd0780142442a5be80b9a64608d718cb1fcd','e693cc47e46f1f0dafb2cd9bb4b80e0d981b274dc85201844ea7d28c700e306b','cccccccccc','2026-11-26 07:48:05.074098');
CREATE TABLE hps_jobs (
	pk INTEGER NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	study_id INTEGER NOT NULL, 
	study VARCHAR(512) NOT NULL, 
	spec TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	wish VARCHAR(16) NOT NULL, 
	stop_reason TEXT, 
	seconds DOUBLE NOT NULL, 
	priority DOUBLE NOT NULL, 
	version INTEGER NOT NULL, 
	warm_start TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	finished_at DATETIME, 
	CONSTRAINT pk_hps_jobs PRIMARY KEY (pk), 
	CONSTRAINT uq_hps_jobs_id UNIQUE (id), 
	CONSTRAINT uq_hps_jobs_study_id UNIQUE (study_id)
);
INSERT INTO "hps_jobs" VALUES(1,'aaaaaaaaaa',1,'ended-aaaaaaaaaa','{"weight_decay":0.001,"decay_on":"weights","rho":0.99,"beta1":0.9,"beta2":0.999,"epsilon":1e-08,"schedule":"constant","schedule_factor":0.1,"schedule_steps":2,"schedule_floor":0.0,"warm_up":0.0,"clip_norm":null,"name":"ended","dataset":{"name":"digits","train_size":null},"validation":{"fraction":0.2,"stratified":true},"network":{"architecture":"lenet5"},"space":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"sampler":{"name":"tpe","startup_trials":10},"pruner":{"name":"median","startup_trials":5,"warm_up":null,"percentile":50.0,"reduction_factor":3,"lower":null,"patience":0},"rounds":{"count":3,"keep":0.2,"explore":0.1},"epochs":3.0,"cohort":8,"budget":{"trials":40,"epochs":null,"seconds":null,"target":null,"patience":null,"failures":5},"seed":0}','completed','run','budget: trials',7.5,1.0,8,'[]','{"numpy":"2"}','2026-11-26 07:48:05.005997','2026-11-26 07:48:05.014770','2026-11-26 07:48:05.040963');
INSERT INTO "hps_jobs" VALUES(2,'bbbbbbbbbb',2,'running-bbbbbbbbbb','{"weight_decay":0.001,"decay_on":"weights","rho":0.99,"beta1":0.9,"beta2":0.999,"epsilon":1e-08,"schedule":"constant","schedule_factor":0.1,"schedule_steps":2,"schedule_floor":0.0,"warm_up":0.0,"clip_norm":null,"name":"running","dataset":{"name":"digits","train_size":null},"validation":{"fraction":0.2,"stratified":true},"network":{"architecture":"lenet5"},"space":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"sampler":{"name":"tpe","startup_trials":10},"pruner":{"name":"median","startup_trials":5,"warm_up":null,"percentile":50.0,"reduction_factor":3,"lower":null,"patience":0},"rounds":{"count":3,"keep":0.2,"explore":0.1},"epochs":3.0,"cohort":8,"budget":{"trials":40,"epochs":null,"seconds":null,"target":null,"patience":null,"failures":5},"seed":0}','running','run',NULL,2.0,1.0,6,'[]','{"numpy":"2"}','2026-11-26 07:48:05.046103','2026-11-26 07:48:05.050266',NULL);
INSERT INTO "hps_jobs" VALUES(3,'cccccccccc',3,'queued-cccccccccc','{"weight_decay":0.001,"decay_on":"weights","rho":0.99,"beta1":0.9,"beta2":0.999,"epsilon":1e-08,"schedule":"constant","schedule_factor":0.1,"schedule_steps":2,"schedule_floor":0.0,"warm_up":0.0,"clip_norm":null,"name":"queued","dataset":{"name":"digits","train_size":null},"validation":{"fraction":0.2,"stratified":true},"network":{"architecture":"lenet5"},"space":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"sampler":{"name":"tpe","startup_trials":10},"pruner":{"name":"median","startup_trials":5,"warm_up":null,"percentile":50.0,"reduction_factor":3,"lower":null,"patience":0},"rounds":{"count":3,"keep":0.2,"explore":0.1},"epochs":3.0,"cohort":8,"budget":{"trials":40,"epochs":null,"seconds":null,"target":null,"patience":null,"failures":5},"seed":2}','queued','run',NULL,0.0,2.5,1,'[{"job":"aaaaaaaaaa","trials":3,"running":[]},{"job":"bbbbbbbbbb","trials":2,"running":[1]}]','{}','2026-11-26 07:48:05.076846',NULL,NULL);
INSERT INTO "hps_jobs" VALUES(4,'dddddddddd',4,'longest-dddddddddd','{"weight_decay":0.001,"decay_on":"weights","rho":0.99,"beta1":0.9,"beta2":0.999,"epsilon":1e-08,"schedule":"constant","schedule_factor":0.1,"schedule_steps":2,"schedule_floor":0.0,"warm_up":0.0,"clip_norm":null,"name":"longest","dataset":{"name":"digits","train_size":null},"validation":{"fraction":0.2,"stratified":true},"network":{"architecture":"lenet5"},"space":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"sampler":{"name":"tpe","startup_trials":10},"pruner":{"name":"median","startup_trials":5,"warm_up":null,"percentile":50.0,"reduction_factor":3,"lower":null,"patience":0},"rounds":{"count":3,"keep":0.2,"explore":0.1},"epochs":3.0,"cohort":8,"budget":{"trials":null,"epochs":null,"seconds":1e+308,"target":null,"patience":null,"failures":5},"seed":0}','queued','run',NULL,0.0,1.0,1,'[]','{}','2026-11-26 07:48:05.081650',NULL,NULL);
CREATE TABLE hps_rounds (
	job_pk INTEGER NOT NULL, 
	"index" INTEGER NOT NULL, 
	round TEXT NOT NULL, 
	CONSTRAINT pk_hps_rounds PRIMARY KEY (job_pk, "index"), 
	CONSTRAINT fk_hps_rounds_job_pk FOREIGN KEY(job_pk) REFERENCES hps_jobs (pk)
);
INSERT INTO "hps_rounds" VALUES(1,0,'{"index":0,"ranges":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"before":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"evidence":[],"reason":"the whole box","epochs":0.4,"report_epochs":[0.2,0.4],"advice":["the best learning rates lie at the lower end of your range"]}');
INSERT INTO "hps_rounds" VALUES(2,0,'{"index":0,"ranges":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"before":{"learning_rate":{"when":null,"type":"float","low":0.001,"high":1000.0,"log":true,"step":null},"momentum":{"when":{"optimizer":["momentum"]},"type":"float","low":0.5,"high":0.99,"log":false,"step":0.1},"batch_size":{"when":null,"type":"int","low":10,"high":100,"log":false,"step":20},"optimizer":{"when":null,"type":"categorical","choices":["sgd","momentum","adam"]}},"evidence":[],"reason":"the whole box","epochs":0.4,"report_epochs":[0.2,0.4],"advice":["the best learning rates lie at the lower end of your range"]}');
CREATE TABLE hps_trials (
	trial_id INTEGER NOT NULL, 
	job_pk INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	round INTEGER NOT NULL, 
	cohort INTEGER NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	epochs DOUBLE NOT NULL, 
	value DOUBLE, 
	CONSTRAINT pk_hps_trials PRIMARY KEY (trial_id), 
	CONSTRAINT fk_hps_trials_job_pk FOREIGN KEY(job_pk) REFERENCES hps_jobs (pk), 
	CONSTRAINT uq_hps_trials_job_pk_number UNIQUE (job_pk, number)
);
INSERT INTO "hps_trials" VALUES(1,1,0,0,0,'pruned',0.2,NULL);
INSERT INTO "hps_trials" VALUES(2,1,1,0,0,'pruned',0.2,NULL);
INSERT INTO "hps_trials" VALUES(3,1,2,0,0,'complete',0.4,0.8);
INSERT INTO "hps_trials" VALUES(4,2,0,0,0,'complete',0.4,0.75);
INSERT INTO "hps_trials" VALUES(5,2,1,0,0,'running',0.0,NULL);
CREATE TABLE hpsearch_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT hpsearch_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "hpsearch_version" VALUES('0001');
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'ended-aaaaaaaaaa');
INSERT INTO "studies" VALUES(2,'running-bbbbbbbbbb');
INSERT INTO "studies" VALUES(3,'queued-cccccccccc');
INSERT INTO "studies" VALUES(4,'longest-dddddddddd');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
INSERT INTO "study_directions" VALUES(2,'MAXIMIZE',2,0);
INSERT INTO "study_directions" VALUES(3,'MAXIMIZE',3,0);
INSERT INTO "study_directions" VALUES(4,'MAXIMIZE',4,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_system_attributes" VALUES(1,1,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(2,2,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(3,3,'study:metric_names','["validation accuracy"]');
INSERT INTO "study_system_attributes" VALUES(4,4,'study:metric_names','["validation accuracy"]');
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_user_attributes" VALUES(1,1,'job','"aaaaaaaaaa"');
INSERT INTO "study_user_attributes" VALUES(2,1,'dataset','"digits"');
INSERT INTO "study_user_attributes" VALUES(3,1,'sampler','"tpe"');
INSERT INTO "study_user_attributes" VALUES(4,1,'pruner','"median"');
INSERT INTO "study_user_attributes" VALUES(5,1,'seed','0');
INSERT INTO "study_user_attributes" VALUES(6,2,'job','"bbbbbbbbbb"');
INSERT INTO "study_user_attributes" VALUES(7,2,'dataset','"digits"');
INSERT INTO "study_user_attributes" VALUES(8,2,'sampler','"tpe"');
INSERT INTO "study_user_attributes" VALUES(9,2,'pruner','"median"');
INSERT INTO "study_user_attributes" VALUES(10,2,'seed','0');
INSERT INTO "study_user_attributes" VALUES(11,3,'job','"cccccccccc"');
INSERT INTO "study_user_attributes" VALUES(12,3,'dataset','"digits"');
INSERT INTO "study_user_attributes" VALUES(13,3,'sampler','"tpe"');
INSERT INTO "study_user_attributes" VALUES(14,3,'pruner','"median"');
INSERT INTO "study_user_attributes" VALUES(15,3,'seed','2');
INSERT INTO "study_user_attributes" VALUES(16,4,'job','"dddddddddd"');
INSERT INTO "study_user_attributes" VALUES(17,4,'dataset','"digits"');
INSERT INTO "study_user_attributes" VALUES(18,4,'sampler','"tpe"');
INSERT INTO "study_user_attributes" VALUES(19,4,'pruner','"median"');
INSERT INTO "study_user_attributes" VALUES(20,4,'seed','0');
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_intermediate_values" VALUES(1,1,20,0.3,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(2,2,20,NULL,'NAN');
INSERT INTO "trial_intermediate_values" VALUES(3,3,20,0.7,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(4,3,40,0.8,'FINITE');
INSERT INTO "trial_intermediate_values" VALUES(5,4,40,0.75,'FINITE');
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_params" VALUES(1,1,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(2,1,'batch_size',30.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 20, "low": 10, "high": 90}}');
INSERT INTO "trial_params" VALUES(3,1,'optimizer',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "momentum", "adam"]}}');
INSERT INTO "trial_params" VALUES(4,2,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(5,2,'batch_size',30.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 20, "low": 10, "high": 90}}');
INSERT INTO "trial_params" VALUES(6,2,'optimizer',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "momentum", "adam"]}}');
INSERT INTO "trial_params" VALUES(7,3,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(8,3,'batch_size',30.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 20, "low": 10, "high": 90}}');
INSERT INTO "trial_params" VALUES(9,3,'optimizer',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "momentum", "adam"]}}');
INSERT INTO "trial_params" VALUES(10,4,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(11,4,'batch_size',30.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 20, "low": 10, "high": 90}}');
INSERT INTO "trial_params" VALUES(12,4,'optimizer',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "momentum", "adam"]}}');
INSERT INTO "trial_params" VALUES(13,5,'learning_rate',0.1,'{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.001, "high": 1000.0, "log": true}}');
INSERT INTO "trial_params" VALUES(14,5,'batch_size',30.0,'{"name": "IntDistribution", "attributes": {"log": false, "step": 20, "low": 10, "high": 90}}');
INSERT INTO "trial_params" VALUES(15,5,'optimizer',2.0,'{"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", "momentum", "adam"]}}');
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_user_attributes" VALUES(1,1,'round','0');
INSERT INTO "trial_user_attributes" VALUES(2,1,'cohort','0');
INSERT INTO "trial_user_attributes" VALUES(3,1,'origin','{"source":"sampler","sampler":"tpe","seed":7,"known":0}');
INSERT INTO "trial_user_attributes" VALUES(4,1,'reports','[{"step":20,"epoch":0.2,"value":0.3,"loss":0.25}]');
INSERT INTO "trial_user_attributes" VALUES(5,2,'round','0');
INSERT INTO "trial_user_attributes" VALUES(6,2,'cohort','0');
INSERT INTO "trial_user_attributes" VALUES(7,2,'origin','{"source":"sampler","sampler":"tpe","seed":8,"known":1}');
INSERT INTO "trial_user_attributes" VALUES(8,2,'reports','[{"step":20,"epoch":0.2,"value":null,"loss":null}]');
INSERT INTO "trial_user_attributes" VALUES(9,3,'round','0');
INSERT INTO "trial_user_attributes" VALUES(10,3,'cohort','0');
INSERT INTO "trial_user_attributes" VALUES(11,3,'origin','{"source":"sampler","sampler":"tpe","seed":9,"known":2}');
INSERT INTO "trial_user_attributes" VALUES(12,3,'reports','[{"step":20,"epoch":0.2,"value":0.7,"loss":"inf"},{"step":40,"epoch":0.4,"value":0.8,"loss":0.25}]');
INSERT INTO "trial_user_attributes" VALUES(13,1,'epochs','0.2');
INSERT INTO "trial_user_attributes" VALUES(14,1,'outcome','"pruned"');
INSERT INTO "trial_user_attributes" VALUES(15,1,'stop_reason','"weaker than the median"');
INSERT INTO "trial_user_attributes" VALUES(16,1,'ending','{"outcome":"pruned","reason":"weaker than the median","step":20,"value":0.3,"bar":0.5,"compared":6}');
INSERT INTO "trial_user_attributes" VALUES(17,2,'epochs','0.2');
INSERT INTO "trial_user_attributes" VALUES(18,2,'outcome','"diverged"');
INSERT INTO "trial_user_attributes" VALUES(19,2,'stop_reason','"loss is not finite"');
INSERT INTO "trial_user_attributes" VALUES(20,2,'ending','{"outcome":"diverged","reason":"loss is not finite","step":20,"iteration":17}');
INSERT INTO "trial_user_attributes" VALUES(21,3,'epochs','0.4');
INSERT INTO "trial_user_attributes" VALUES(22,3,'outcome','"completed"');
INSERT INTO "trial_user_attributes" VALUES(23,3,'stop_reason','"trained to the end"');
INSERT INTO "trial_user_attributes" VALUES(24,3,'ending','{"outcome":"completed","reason":"trained to the end","step":300}');
INSERT INTO "trial_user_attributes" VALUES(25,4,'round','0');
INSERT INTO "trial_user_attributes" VALUES(26,4,'cohort','0');
INSERT INTO "trial_user_attributes" VALUES(27,4,'origin','{"source":"sampler","sampler":"tpe","seed":7,"known":0}');
INSERT INTO "trial_user_attributes" VALUES(28,4,'reports','[{"step":40,"epoch":0.4,"value":0.75,"loss":0.25}]');
INSERT INTO "trial_user_attributes" VALUES(29,5,'round','0');
INSERT INTO "trial_user_attributes" VALUES(30,5,'cohort','0');
INSERT INTO "trial_user_attributes" VALUES(31,5,'origin','{"source":"sampler","sampler":"tpe","seed":8,"known":1}');
INSERT INTO "trial_user_attributes" VALUES(32,5,'reports','[]');
INSERT INTO "trial_user_attributes" VALUES(33,4,'epochs','0.4');
INSERT INTO "trial_user_attributes" VALUES(34,4,'outcome','"completed"');
INSERT INTO "trial_user_attributes" VALUES(35,4,'stop_reason','"trained to the end"');
INSERT INTO "trial_user_attributes" VALUES(36,4,'ending','{"outcome":"completed","reason":"trained to the end","step":300}');
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
INSERT INTO "trial_values" VALUES(1,1,0,0.3,'FINITE');
INSERT INTO "trial_values" VALUES(2,3,0,0.8,'FINITE');
INSERT INTO "trial_values" VALUES(3,4,0,0.75,'FINITE');
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "trials" VALUES(1,0,1,'PRUNED','2026-11-26 07:48:05.018843','2026-11-26 07:48:05.033818');
INSERT INTO "trials" VALUES(2,1,1,'PRUNED','2026-11-26 07:48:05.018843','2026-11-26 07:48:05.033818');
INSERT INTO "trials" VALUES(3,2,1,'COMPLETE','2026-11-26 07:48:05.018843','2026-11-26 07:48:05.033818');
INSERT INTO "trials" VALUES(4,0,2,'COMPLETE','2026-11-26 07:48:05.057192','2026-11-26 07:48:05.060252');
INSERT INTO "trials" VALUES(5,1,2,'RUNNING','2026-11-26 07:48:05.057192',NULL);
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
CREATE INDEX ix_hps_jobs_state ON hps_jobs (state);
CREATE INDEX ix_hps_trials_job_pk_value_number ON hps_trials (job_pk, value, number);
CREATE INDEX ix_hps_trials_job_pk_state_epochs ON hps_trials (job_pk, state, epochs);
CREATE INDEX ix_hps_enqueued_job_pk ON hps_enqueued (job_pk);
CREATE INDEX ix_hps_events_job_pk_id ON hps_events (job_pk, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('hps_events',24);
COMMIT;
